// One generation: a request is checked and tokenized, becomes a row of the decode loop, and the row's events become text.
import { createRandom } from "@diffucoder/core";
import { type DenoiseTrace, type LoopRow, promptCanvas, startTrace, traceStep } from "@diffucoder/samplers";
import { CommittedPrefix } from "./committed-prefix.ts";
import type { DecodeLoops } from "./decode-loops.ts";
import type { Generation, GenerationEvent, LayoutEvent, RevealEvent } from "./events.ts";
import { modelTraits } from "@diffucoder/model";
import { type ModelFolder, promptLimit } from "./folder/model-folder.ts";
import { type GenerateOptions, type GenerateSettings, resolveSettings } from "./requests/generate-options.ts";
import { type Pinned, pinnedTokens } from "./requests/pinned-tokens.ts";
import { encodePrompt } from "./requests/prompt.ts";
import { revealOf } from "./reveal.ts";

/** A request that has been checked and tokenized. */
export interface PreparedGeneration {
  /** Its settings, with the model's where it says nothing. */
  settings: GenerateSettings;
  /** Tokens of its prompt. */
  promptIds: number[];
  /** Tokens of its completion that it gives. */
  pinned: Pinned;
}

/**
 * Checks and tokenizes a request.
 *
 * @throws what `DiffuCoder.generate` throws of its options
 */
export function prepareGeneration(model: ModelFolder, options: GenerateOptions): PreparedGeneration {
  const settings = resolveSettings(options, model);
  const { tokenizer, autoregressive, config } = model;
  const { maxNewTokens } = settings;
  const promptIds = encodePrompt(options, { tokenizer, limit: promptLimit(model, maxNewTokens) });
  const { maskTokenId } = modelTraits(config);
  const pinned = pinnedTokens(options.pinned ?? [], { tokenizer, maxNewTokens, autoregressive, maskTokenId });
  return { settings, promptIds, pinned };
}

/** Puts a request into the queue of its loop. Its events are kept until they are read; see `DiffuCoder.submit`. */
export function startGeneration(
  { settings, promptIds, pinned }: PreparedGeneration,
  { model, loops, signal }: { model: ModelFolder; loops: DecodeLoops; signal?: AbortSignal | undefined },
): AsyncGenerator<GenerationEvent> {
  const { endIds, padTokenId } = model;
  const { loop, denoiser } = loops.of(settings.cache);
  const { maxNewTokens, decoder, seed } = settings;
  const promptLength = promptColumns({ settings, promptIds }, model);
  const canvas = promptCanvas({ promptIds, maxNewTokens, promptLength, denoiser, padTokenId });
  pinned.positions.forEach((position, i) => (canvas.ids[canvas.completionStart + position] = pinned.tokens[i]!));
  const trace = startTrace({ ids: canvas.ids, maskTokenId: denoiser.maskTokenId, padTokenId, eosTokenIds: endIds });
  const row = loop.add({
    canvas,
    decoder,
    random: createRandom(seed),
    eosTokenIds: [...endIds],
    provisional: settings.provisional ? true : "first",
    signal,
  });
  const events = eventsOf(row, { settings, promptTokens: promptIds.length, pinned, trace, model });
  // A generator that was never asked for anything would not end the row.
  const leave = events.return.bind(events);
  events.return = async (value) => {
    await row.return?.();
    return leave(value);
  };
  return events;
}

/** Columns that a request's prompt takes, padding included. */
export function promptColumns(
  { settings, promptIds }: Pick<PreparedGeneration, "settings" | "promptIds">,
  { generationConfig }: ModelFolder,
): number {
  const { padPrompt = true, promptLength } = generationConfig;
  return padPrompt ? promptLength : (settings.decoder.promptLength?.(promptIds.length) ?? Math.max(1, promptIds.length));
}

interface Running {
  settings: GenerateSettings;
  promptTokens: number;
  pinned: Pinned;
  trace: DenoiseTrace;
  model: ModelFolder;
}

async function* eventsOf(row: LoopRow, { settings, promptTokens, pinned, trace, model }: Running): AsyncGenerator<GenerationEvent> {
  const { maxNewTokens, maxTokens, takesBack, seed, earlyExit } = settings;
  const { tokenizer, endIds, padTokenId } = model;
  await settings.decoder.prepare?.(); // a constraint that cannot be kept is an error before anything else is told
  yield layoutOf(settings, { promptTokens, pinned, tokenizer });
  const tokenIds = Array.from({ length: maxNewTokens }, () => trace.maskTokenId);
  const prefix = new CommittedPrefix({ tokenizer, length: maxNewTokens, endIds, maxTokens });
  pinned.positions.forEach((position, i) => (tokenIds[position] = pinned.tokens[i]!));
  if (!takesBack) prefix.commit(pinned.positions, pinned.tokens);
  let forwardPasses = 0;
  for await (const event of row) {
    forwardPasses = event.forwardPasses;
    event.positions.forEach((position, i) => (tokenIds[position] = event.tokens[i]!));
    for (const position of event.remasked) tokenIds[position] = trace.maskTokenId;
    for (const position of event.filled) tokenIds[position] = padTokenId;
    trace.steps.push(traceStep(event));
    if (!takesBack) prefix.commit(event.positions, event.tokens);
    yield {
      type: "reveal",
      ...revealOf(event, { tokenizer }),
      committedTokens: prefix.tokens,
      committedText: prefix.text,
      settled: prefix.settled,
    };
    if (earlyExit && prefix.settled !== undefined) break;
  }
  if (takesBack) prefix.commit([...tokenIds.keys()], tokenIds);
  const { text, tokens: completionTokens, settled: finishReason } = prefix;
  if (finishReason === undefined) throw new Error("every position is committed, so the answer is settled");
  const { seconds } = row;
  yield { type: "done", generation: { text, tokenIds, finishReason, promptTokens, completionTokens, forwardPasses, seconds, seed, trace } };
}

/** The result at the end of a generation's events. @throws what the generation fails with */
export async function finished(events: AsyncIterable<GenerationEvent>, onStep?: (event: RevealEvent) => void): Promise<Generation> {
  for await (const event of events) {
    if (event.type === "reveal") onStep?.(event);
    if (event.type === "done") return event.generation;
  }
  throw new Error("a generation ends with its result");
}

function layoutOf(
  { maxNewTokens, steps, alg, temperature, topP, seed }: GenerateSettings,
  { promptTokens, pinned, tokenizer }: Pick<Running, "promptTokens" | "pinned"> & Pick<ModelFolder, "tokenizer">,
): LayoutEvent {
  const given = { positions: pinned.positions, texts: pinned.tokens.map((id) => tokenizer.decode([id])) };
  const layout: LayoutEvent = { type: "layout", promptTokens, completionLength: maxNewTokens, steps, alg, temperature, topP, seed };
  return pinned.positions.length === 0 ? layout : { ...layout, pinned: given };
}
