import { setImmediate as nextTurn } from "node:timers/promises";
import { createRandom, InvalidArgumentError } from "@diffucoder/core";
import { type Denoiser, denoiseSteps, type DenoiseTrace, type RowEvent, traceStep } from "@diffucoder/samplers";
import type { ChatMessage, Tokenizer } from "@diffucoder/tokenizer";
import { CommittedPrefix } from "./committed-prefix.ts";
import type { GenerationEvent, RevealEvent } from "./events.ts";
import { type GenerateOptions, resolveSettings } from "./generate-options.ts";
import type { GenerationConfig } from "./generation-config.ts";

export interface StreamGenerationOptions {
  denoiser: Denoiser;
  tokenizer: Tokenizer;
  /** Tokens that end an answer. */
  endIds: ReadonlySet<number>;
  padTokenId: number;
  generationConfig: GenerationConfig;
  options: GenerateOptions;
}

/** One generation, from its options to its events; see `DiffuCoder.stream`. */
export async function* streamGeneration(request: StreamGenerationOptions): AsyncGenerator<GenerationEvent> {
  const { denoiser, tokenizer, endIds, padTokenId, generationConfig, options } = request;
  const { maxNewTokens, maxTokens, steps, alg, temperature, topP, seed, earlyExit } = resolveSettings(options, generationConfig);
  const { padPrompt = true } = generationConfig;
  const promptIds = encodePrompt({ options, tokenizer, promptLength: generationConfig.promptLength });
  const promptLength = padPrompt ? generationConfig.promptLength : promptIds.length;
  yield { type: "layout", promptTokens: promptIds.length, completionLength: maxNewTokens, steps, alg, temperature, topP, seed };

  const tokenIds = Array.from({ length: maxNewTokens }, () => denoiser.maskTokenId);
  const padding = Array.from({ length: promptLength - promptIds.length }, () => padTokenId);
  const trace: DenoiseTrace = { initialIds: [...padding, ...promptIds, ...tokenIds], maskTokenId: denoiser.maskTokenId, padTokenId, steps: [] };
  const prefix = new CommittedPrefix({ tokenizer, length: maxNewTokens, endIds, maxTokens });
  const denoising = denoiseSteps({
    denoiser,
    promptIds: [promptIds],
    options: { maxNewTokens, steps, alg, temperature, topP, schedule: "dream", eps: 1e-3 },
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
      for (const position of row.filled) tokenIds[position] = padTokenId;
      trace.steps.push(traceStep(result.value, row));
      prefix.commit(row.positions, row.tokens);
      yield revealEvent({ row, step, forwardPasses, tokenizer, prefix });
      if (earlyExit && prefix.settled !== undefined) break;
      await nextTurn(); // an executor may run without giving way, and then no signal or socket would be heard
    }
  } finally {
    await denoising.return(undefined);
  }
  if (prefix.settled === undefined) throw new Error("every position is committed, so the answer is settled");
  const { text, tokens: completionTokens, settled: finishReason } = prefix;
  const promptTokens = promptIds.length;
  yield { type: "done", generation: { text, tokenIds, finishReason, promptTokens, completionTokens, forwardPasses, seconds, seed, trace } };
}

function encodePrompt({ options, tokenizer, promptLength }: { options: GenerateOptions; tokenizer: Tokenizer; promptLength: number }): number[] {
  const { prompt, messages } = options;
  if (prompt !== undefined && messages !== undefined) {
    throw new InvalidArgumentError({ argument: "prompt", value: prompt, expected: "absent if messages is given" });
  }
  const conversation: readonly ChatMessage[] | undefined = prompt === undefined ? messages : [{ role: "user", content: prompt }];
  if (conversation === undefined || conversation.length === 0) {
    throw new InvalidArgumentError({ argument: "prompt", value: prompt, expected: "given, or else messages" });
  }
  const ids = encodeConversation(conversation, { tokenizer, continueFinalMessage: options.continueFinalMessage ?? false });
  if (ids.length > promptLength) {
    throw new InvalidArgumentError({
      argument: prompt === undefined ? "messages" : "prompt",
      value: ids.length,
      expected: `at most ${promptLength} tokens in the chat template`,
      wayOut: "The model was trained with this prompt length.",
    });
  }
  return ids;
}

function encodeConversation(
  conversation: readonly ChatMessage[],
  { tokenizer, continueFinalMessage }: { tokenizer: Tokenizer; continueFinalMessage: boolean },
): number[] {
  const last = conversation.at(-1);
  if (!continueFinalMessage) return tokenizer.encodeChat(conversation);
  if (last?.role !== "assistant") {
    throw new InvalidArgumentError({ argument: "messages", value: last?.role, expected: "ended by an assistant's turn with continueFinalMessage" });
  }
  // as one text with the role, as encodeChat writes turns, but without the token that ends one
  const beginning = [tokenizer.special.imStart, ...tokenizer.encode(`assistant\n${last.content}`)];
  return [...tokenizer.encodeChat(conversation.slice(0, -1), { addGenerationPrompt: false }), ...beginning];
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
    forwardPasses,
    committedTokens: prefix.tokens,
    committedText: prefix.text,
    settled: prefix.settled,
  };
}
