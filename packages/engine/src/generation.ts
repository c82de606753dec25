// One generation: a request is checked and tokenized, becomes a row of the decode loop, and the row's events become text.
import { createRandom } from "@diffucoder/core";
import { type DenoiseTrace, type LoopRow, promptCanvas, startTrace, traceStep } from "@diffucoder/samplers";
import { CommittedPrefix } from "./committed-prefix.ts";
import type { DecodeLoops } from "./decode-loops.ts";
import type { Generation, GenerationEvent, LayoutEvent, RevealEvent } from "./events.ts";
import { type ModelFolder, promptLimit } from "./folder/model-folder.ts";
import { type GenerateOptions, type GenerateSettings, resolveSettings } from "./requests/generate-options.ts";
import { encodePrompt } from "./requests/prompt.ts";
import { revealOf } from "./reveal.ts";

/** A request that has been checked and tokenized. */
export interface PreparedGeneration {
  /** Its settings, with the model's where it says nothing. */
  settings: GenerateSettings;
  /** Tokens of its prompt. */
  promptIds: number[];
}

/**
 * Checks and tokenizes a request.
 *
 * @throws what `DiffuCoder.generate` throws of its options
 */
export function prepareGeneration(model: ModelFolder, options: GenerateOptions): PreparedGeneration {
  const settings = resolveSettings(options, model);
  return { settings, promptIds: encodePrompt(options, { tokenizer: model.tokenizer, limit: promptLimit(model, settings.maxNewTokens) }) };
}

/** Puts a request into the queue of its loop. Its events are kept until they are read; see `DiffuCoder.submit`. */
export function startGeneration(
  { settings, promptIds }: PreparedGeneration,
  { model, loops, signal }: { model: ModelFolder; loops: DecodeLoops; signal?: AbortSignal | undefined },
): AsyncGenerator<GenerationEvent> {
  const { endIds, padTokenId } = model;
  const { loop, denoiser } = loops.of(settings.cache);
  const { maxNewTokens, decoder, seed } = settings;
  const promptLength = promptColumns({ settings, promptIds }, model);
  const canvas = promptCanvas({ promptIds, maxNewTokens, promptLength, denoiser, padTokenId });
  const trace = startTrace({ ids: canvas.ids, maskTokenId: denoiser.maskTokenId, padTokenId, eosTokenIds: endIds });
  const row = loop.add({
    canvas,
    decoder,
    random: createRandom(seed),
    eosTokenIds: [...endIds],
    provisional: settings.provisional ? true : "first",
    signal,
  });
  const events = eventsOf(row, { settings, promptTokens: promptIds.length, trace, model });
  // A generator that was never asked for anything would not end the row.
  const leave = events.return.bind(events);
  events.return = async (value) => {
    await row.return?.();
    return leave(value);
  };
  return events;
}

/** Columns that a request's prompt takes, padding included. */
export function promptColumns({ settings, promptIds }: PreparedGeneration, { generationConfig }: ModelFolder): number {
  const { padPrompt = true, promptLength } = generationConfig;
  return padPrompt ? promptLength : (settings.decoder.promptLength?.(promptIds.length) ?? Math.max(1, promptIds.length));
}

interface Running {
  settings: GenerateSettings;
  promptTokens: number;
  trace: DenoiseTrace;
  model: ModelFolder;
}

async function* eventsOf(row: LoopRow, { settings, promptTokens, trace, model }: Running): AsyncGenerator<GenerationEvent> {
  const { maxNewTokens, maxTokens, takesBack, seed, earlyExit } = settings;
  const { tokenizer, endIds, padTokenId } = model;
  await settings.decoder.prepare?.(); // a constraint that cannot be kept is an error before anything else is told
  yield layoutOf(settings, promptTokens);
  const tokenIds = Array.from({ length: maxNewTokens }, () => trace.maskTokenId);
  const prefix = new CommittedPrefix({ tokenizer, length: maxNewTokens, endIds, maxTokens });
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

function layoutOf({ maxNewTokens, steps, alg, temperature, topP, seed }: GenerateSettings, promptTokens: number): LayoutEvent {
  return { type: "layout", promptTokens, completionLength: maxNewTokens, steps, alg, temperature, topP, seed };
}
