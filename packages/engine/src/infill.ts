// Infilling of text. Each given text is tokenized on its own, so a hole never changes how its neighbours are cut into tokens,
// and the given texts stand in the result as they were given:
//   [start token, or the request in the chat template] text [masks] text ... [masks] text [end token]
import { createRandom, InvalidArgumentError, NoChatTemplateError, TooLongError } from "@diffucoder/core";
import { type DenoiseTrace, infill, type Segment } from "@diffucoder/samplers";
import { SPECIAL_TOKENS } from "@diffucoder/tokenizer";
import type { Denoisers } from "./denoisers.ts";
import type { Generation } from "./events.ts";
import { type InfillOptions, type InfillSettings, resolveInfilling, type TextSegment } from "./requests/infill-options.ts";
import type { ModelFolder } from "./folder/model-folder.ts";

/** A text whose holes are filled. */
export interface Infilling extends Pick<Generation, "forwardPasses" | "seconds" | "seed" | "trace"> {
  /** The whole text; what was given is in it unchanged. */
  text: string;
  /** Text of the first hole. */
  middle: string;
  /** Text of each hole. Special tokens have none; bytes at a hole's edge that are no whole character become U+FFFD. */
  holes: readonly string[];
  /** Tokens of each hole, special ones included. */
  holeIds: readonly (readonly number[])[];
  /** Tokens of everything that was given. */
  promptTokens: number;
  /** Tokens of all holes. */
  completionTokens: number;
}

/** A call's settings and the row that is filled. @throws what `DiffuCoder.infill` throws of its options */
export function prepareInfilling(model: ModelFolder, options: InfillOptions): { settings: InfillSettings; row: Segment[] } {
  if (model.autoregressive !== undefined)
    throw new InvalidArgumentError({
      argument: "model",
      value: model.autoregressive,
      expected: "a masked diffusion model to infill",
      wayOut: "An autoregressive one sees only what stands before.",
    });
  const settings = resolveInfilling(options, model);
  const row = rowOf(settings, model);
  const length = row.reduce((total, segment) => total + ("masks" in segment ? segment.masks : segment.length), 0);
  const most = model.maxLength - settings.growth;
  if (length > most)
    throw new TooLongError({
      argument: options.template === undefined ? "prefix" : "template",
      what: "The text",
      where: "with its holes and everything around it",
      tokens: length,
      limit: most,
      wayOut: `The model is made for ${model.maxLength} tokens${settings.growth > 0 ? `, and the holes can grow by ${settings.growth}` : ""}.`,
    });
  return { settings, row };
}

/** One infilling, from its options to its text; see `DiffuCoder.infill`. */
export async function infillText(model: ModelFolder, denoisers: Denoisers, options: InfillOptions): Promise<Infilling> {
  const { settings, row } = prepareInfilling(model, options);
  const { decoder, seed, cache, segments } = settings;
  const started = performance.now();
  const { holes, traces, forwardPasses } = await infill({
    denoiser: cache === undefined ? denoisers.exact : denoisers.cached(cache),
    decoder,
    rows: [row],
    random: [createRandom(seed)],
    padTokenId: model.padTokenId,
    signal: options.signal,
  });
  const seconds = (performance.now() - started) / 1000;
  const holeIds = holes[0] as number[][];
  const texts = holeIds.map((ids) => model.tokenizer.decode(ids));
  return {
    text: joinText(segments, texts),
    middle: texts[0] as string,
    holes: texts,
    holeIds,
    promptTokens: row.reduce((total, segment) => total + ("masks" in segment ? 0 : segment.length), 0),
    completionTokens: holeIds.reduce((total, ids) => total + ids.length, 0),
    forwardPasses,
    seconds,
    seed,
    trace: traces[0] as DenoiseTrace,
  };
}

function rowOf({ segments, prompt }: InfillSettings, { tokenizer, eosTokenId }: ModelFolder): Segment[] {
  if (prompt !== undefined && !tokenizer.hasChat)
    throw new NoChatTemplateError({ argument: "prompt", value: prompt, wayOut: "Put what the code should do into a comment in the prefix." });
  const texts = segments.map((segment): Segment => (typeof segment === "string" ? tokenizer.encode(segment) : segment));
  if (prompt === undefined) return [tokenizer.roles.bos === undefined ? [] : [tokenizer.roles.bos], ...texts, [eosTokenId]];
  const turnEnd = tokenizer.specialTokens.get(SPECIAL_TOKENS.imEnd) ?? eosTokenId;
  return [tokenizer.encodeChat([{ role: "user", content: prompt }]), ...texts, [turnEnd]];
}

function joinText(segments: readonly TextSegment[], holes: readonly string[]): string {
  let hole = 0;
  return segments.map((segment) => (typeof segment === "string" ? segment : holes[hole++])).join("");
}
