import { setImmediate as nextTurn } from "node:timers/promises";
import { createRandom } from "@diffucoder/core";
import { type DenoiseTrace, generateSteps, type RowEvent, traceStep } from "@diffucoder/samplers";
import type { Tokenizer } from "@diffucoder/tokenizer";
import { CommittedPrefix } from "./committed-prefix.ts";
import type { Denoisers } from "./denoisers.ts";
import type { GenerationEvent, RevealEvent } from "./events.ts";
import { type GenerateOptions, type GenerateSettings, resolveSettings } from "./requests/generate-options.ts";
import { type ModelFolder, promptLimit } from "./folder/model-folder.ts";
import { encodePrompt } from "./requests/prompt.ts";

/** A call's settings and the tokens of its prompt. @throws what `DiffuCoder.generate` throws of its options */
export function prepareGeneration(model: ModelFolder, options: GenerateOptions): { settings: GenerateSettings; promptIds: number[] } {
  const settings = resolveSettings(options, model);
  return { settings, promptIds: encodePrompt(options, { tokenizer: model.tokenizer, limit: promptLimit(model, settings.maxNewTokens) }) };
}

/** One generation, from its options to its events; see `DiffuCoder.stream`. */
export async function* streamGeneration(model: ModelFolder, denoisers: Denoisers, options: GenerateOptions): AsyncGenerator<GenerationEvent> {
  const { settings, promptIds } = prepareGeneration(model, options);
  const { maxNewTokens, maxTokens, steps, alg, decoder, takesBack, temperature, topP, seed, earlyExit, cache } = settings;
  const { tokenizer, endIds, padTokenId, generationConfig } = model;
  const { padPrompt = true } = generationConfig;
  const denoiser = cache === undefined ? denoisers.exact : denoisers.cached(cache);
  const promptLength = padPrompt ? generationConfig.promptLength : promptIds.length;
  yield { type: "layout", promptTokens: promptIds.length, completionLength: maxNewTokens, steps, alg, temperature, topP, seed };

  const tokenIds = Array.from({ length: maxNewTokens }, () => denoiser.maskTokenId);
  const padding = Array.from({ length: promptLength - promptIds.length }, () => padTokenId);
  const trace: DenoiseTrace = { initialIds: [...padding, ...promptIds, ...tokenIds], maskTokenId: denoiser.maskTokenId, padTokenId, steps: [] };
  const prefix = new CommittedPrefix({ tokenizer, length: maxNewTokens, endIds, maxTokens });
  const denoising = generateSteps({
    denoiser,
    decoder,
    promptIds: [promptIds],
    maxNewTokens,
    random: [createRandom(seed)],
    padTokenId,
    promptLength,
    eosTokenIds: [...endIds],
    signal: options.signal,
  });
  let [seconds, forwardPasses] = [0, 0];
  try {
    while (true) {
      const started = performance.now(); // what the reader does between two steps is not counted
      const result = await denoising.next();
      seconds += (performance.now() - started) / 1000;
      if (result.done === true) break;
      const { step, rows } = result.value;
      forwardPasses = result.value.forwardPasses;
      const row = rows[0];
      if (row === undefined) throw new Error("a step is about the one row");
      row.positions.forEach((position, i) => (tokenIds[position] = row.tokens[i] as number));
      for (const position of row.remasked) tokenIds[position] = denoiser.maskTokenId;
      for (const position of row.filled) tokenIds[position] = padTokenId;
      trace.steps.push(traceStep(row));
      if (!takesBack) prefix.commit(row.positions, row.tokens);
      yield revealEvent({ row, step, forwardPasses, tokenizer, prefix });
      if (earlyExit && prefix.settled !== undefined) break;
      await nextTurn(); // an executor may run without giving way, and then no signal or socket would be heard
    }
  } finally {
    await denoising.return(undefined);
  }
  if (takesBack) prefix.commit([...tokenIds.keys()], tokenIds);
  if (prefix.settled === undefined) throw new Error("every position is committed, so the answer is settled");
  const { text, tokens: completionTokens, settled: finishReason } = prefix;
  const promptTokens = promptIds.length;
  yield { type: "done", generation: { text, tokenIds, finishReason, promptTokens, completionTokens, forwardPasses, seconds, seed, trace } };
}

function revealEvent({
  row,
  step,
  forwardPasses,
  tokenizer,
  prefix,
}: {
  row: RowEvent;
  step: number;
  forwardPasses: number;
  tokenizer: Tokenizer;
  prefix: CommittedPrefix;
}): RevealEvent {
  return {
    type: "reveal",
    step,
    positions: row.positions,
    tokenIds: row.tokens,
    texts: row.tokens.map((id) => tokenizer.decode([id])),
    confidence: row.confidence,
    filled: row.filled,
    remasked: row.remasked,
    forwardPasses,
    committedTokens: prefix.tokens,
    committedText: prefix.text,
    settled: prefix.settled,
  };
}
