// Infilling of text. Each given text is tokenized on its own, so a hole never changes how its neighbours are cut into tokens,
// and the given texts stand in the result as they were given:
//   [start token, or the request in the chat template] text [masks] text ... [masks] text [end token]
import { createRandom, InvalidArgumentError, NoChatTemplateError, TooLongError } from "@diffucoder/core";
import { modelTraits } from "@diffucoder/model";
import { holeTokens, type Segment, segmentsCanvas, startTrace, traceStep } from "@diffucoder/samplers";
import { SPECIAL_TOKENS } from "@diffucoder/tokenizer";
import type { DecodeLoops } from "./decode-loops.ts";
import type { Generation, InfillLayout } from "./events.ts";
import { type InfillOptions, type InfillSettings, resolveInfilling, type TextSegment } from "./requests/infill-options.ts";
import type { ModelFolder } from "./folder/model-folder.ts";
import { revealOf } from "./reveal.ts";

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

/** A request that has been checked and tokenized. */
export interface PreparedInfilling {
  /** Its settings, with the model's where it says nothing. */
  settings: InfillSettings;
  /** Given tokens, and holes between them. */
  row: Segment[];
  /** What is about to be filled, and how. */
  layout: InfillLayout;
}

/**
 * Checks and tokenizes a request.
 *
 * @throws what `DiffuCoder.infill` throws of its options
 */
export function prepareInfilling(model: ModelFolder, options: InfillOptions): PreparedInfilling {
  expectInfilling(model);
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
  return { settings, row, layout: layoutOf(settings, row, model) };
}

/** @throws {InvalidArgumentError} if the model cannot fill holes */
export function expectInfilling(model: ModelFolder): void {
  if (model.autoregressive !== undefined)
    throw new InvalidArgumentError({
      argument: "model",
      value: model.autoregressive,
      expected: "a masked diffusion model to infill",
      wayOut: "An autoregressive one sees only what stands before.",
    });
  if (model.blocks?.ofModel !== undefined)
    throw new InvalidArgumentError({
      argument: "model",
      value: modelTraits(model.config).family,
      expected: "a masked diffusion model that sees all of a text, to infill",
      wayOut: "The tokens of this one see their own block and earlier ones only.",
    });
}

/** Pieces of a row before its text: the start token, or the request in the chat template. */
const BEFORE = 1;

function layoutOf({ alg, steps, temperature, topP, seed }: InfillSettings, row: readonly Segment[], { tokenizer }: ModelFolder): InfillLayout {
  const cells = row
    .slice(BEFORE, -1)
    .flatMap((segment) => ("masks" in segment ? Array.from({ length: segment.masks }, () => null) : segment.map((id) => tokenizer.decode([id]))));
  return { promptTokens: givenTokens(row), cells, steps, alg, temperature, topP, seed };
}

/** Tokens that are given: all but those of the holes. */
function givenTokens(row: readonly Segment[]): number {
  return row.reduce((total, segment) => total + ("masks" in segment ? 0 : segment.length), 0);
}

/** Puts an infilling into the queue of its loop, and waits for its text; see `DiffuCoder.infill`. */
export async function runInfilling(
  { settings, row: segments, layout }: PreparedInfilling,
  { model, loops, signal, onStep }: { model: ModelFolder; loops: DecodeLoops } & Pick<InfillOptions, "signal" | "onStep">,
): Promise<Infilling> {
  const { decoder, seed, cache, provisional } = settings;
  const { padTokenId, tokenizer } = model;
  const { loop, denoiser } = loops.of(cache);
  const canvas = segmentsCanvas(segments, denoiser);
  const trace = startTrace({ ids: canvas.ids, maskTokenId: denoiser.maskTokenId, padTokenId });
  const row = loop.add({ canvas, decoder, random: createRandom(seed), provisional: provisional ? true : "first", signal });
  const before = (segments[0] as readonly number[]).length; // columns before the text
  const { completionStart } = canvas;
  let forwardPasses = 0;
  for await (const event of row) {
    trace.steps.push(traceStep(event));
    ({ forwardPasses } = event);
    const { expanded = [], deleted = [] } = event.change;
    const inText = (columns: readonly number[]): number[] => columns.map((column) => column - before);
    onStep?.({ ...revealOf(event, { tokenizer, start: before - completionStart }), expanded: inText(expanded), deleted: inText(deleted) });
  }
  const holeIds = holeTokens([...canvas.ids], trace);
  const texts = holeIds.map((ids) => tokenizer.decode(ids));
  return {
    text: joinText(settings.segments, texts),
    middle: texts[0]!,
    holes: texts,
    holeIds,
    promptTokens: layout.promptTokens,
    completionTokens: holeIds.reduce((total, ids) => total + ids.length, 0),
    forwardPasses,
    seconds: row.seconds,
    seed,
    trace,
  };
}

export function rowOf({ segments, prompt }: Pick<InfillSettings, "segments" | "prompt">, { tokenizer, eosTokenId }: ModelFolder): Segment[] {
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
