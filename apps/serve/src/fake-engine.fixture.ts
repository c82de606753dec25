import { setTimeout as sleep } from "node:timers/promises";
import { AbortedError, InvalidArgumentError } from "@diffucoder/core";
import type { FinishReason, GenerateOptions, GenerationEvent } from "diffucoder";
import type { Engine } from "./engine.ts";

/** A model that always answers the same; "" is the end token. It reveals one token a step, in the given order. */
export interface FakeEngine extends Engine {
  calls: GenerateOptions[];
  /** Generations that are running now. */
  active: number;
}

const ANSWER = ["def", " f(", "xs", "):\n", "    return", " sum", "(xs", ")\n", "", ""];
const ORDER = [9, 0, 2, 1, 3, 5, 4, 6, 8, 7];

export function createFakeEngine({
  tokens = ANSWER,
  order = ORDER,
  delayMs = 0,
}: { tokens?: string[]; order?: number[]; delayMs?: number } = {}): FakeEngine {
  const engine: FakeEngine = {
    calls: [],
    active: 0,
    generationConfig: { promptLength: 48, maxNewTokens: tokens.length, steps: tokens.length, alg: "entropy", temperature: 0, topP: 1 },
    async *stream(options) {
      engine.calls.push(options);
      if ((options.prompt ?? "").length > 1000) throw new InvalidArgumentError({ argument: "prompt", value: 251, expected: "at most 48 tokens" });
      engine.active++;
      try {
        yield* reveal({ tokens, order, delayMs, options });
      } finally {
        engine.active--;
      }
    },
  };
  return engine;
}

async function* reveal({
  tokens,
  order,
  delayMs,
  options,
}: {
  tokens: string[];
  order: number[];
  delayMs: number;
  options: GenerateOptions;
}): AsyncGenerator<GenerationEvent> {
  const { seed = 0, temperature = 0, topP = 1, maxTokens = Infinity, earlyExit = false, signal } = options;
  yield { type: "layout", promptTokens: 7, completionLength: tokens.length, steps: tokens.length, alg: "entropy", temperature, topP, seed };
  const end = tokens.includes("") ? tokens.indexOf("") : tokens.length;
  const limit = Math.min(end, maxTokens);
  const reason: FinishReason = limit === end && end < tokens.length ? "stop" : "length";
  const revealed = new Set<number>();
  for (const [step, position] of order.entries()) {
    if (signal?.aborted)
      throw signal.reason instanceof DOMException && signal.reason.name === "TimeoutError" ? signal.reason : new AbortedError("Generation");
    await sleep(delayMs);
    revealed.add(position);
    let prefix = 0;
    while (prefix < limit && revealed.has(prefix)) prefix++;
    const settled = prefix === limit && (reason === "length" || revealed.has(end)) ? reason : undefined;
    const text = tokens[position] as string;
    yield {
      type: "reveal",
      step,
      positions: [position],
      tokenIds: [position + 100],
      texts: [text],
      confidence: [step === 0 ? 0 : -0.1 * step],
      forwardPasses: step + 1,
      committedTokens: prefix,
      committedText: tokens.slice(0, prefix).join(""),
      settled,
    };
    if (earlyExit && settled !== undefined) break;
  }
  const tokenIds = tokens.map((_, i) => i + 100);
  const text = tokens.slice(0, limit).join("");
  yield {
    type: "done",
    generation: { text, tokenIds, finishReason: reason, promptTokens: 7, completionTokens: limit, forwardPasses: revealed.size, seconds: 0.5, seed },
  };
}
