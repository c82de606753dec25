import { setImmediate as nextTurn } from "node:timers/promises";
import { AbortedError, InvalidArgumentError } from "@diffucoder/core";
import {
  bundledModelDir,
  type DenoiseTrace,
  type FinishReason,
  type GenerateOptions,
  type GenerationEvent,
  type InfillOptions,
  type Proposed,
  Tokenizer,
} from "diffucoder";
import type { Engine } from "./engine.ts";

export interface FakeEngine extends Engine {
  calls: GenerateOptions[];
  infillings: InfillOptions[];
  /** Generations that are running now. */
  active: number;
  /** Releases the generations that wait before step `holdAt`, now and later. */
  resume: () => void;
}

const ANSWER = ["def", " f(", "xs", "):\n", "    return", " sum", "(xs", ")\n", "", ""];
const ready = async (): Promise<void> => {};
const ORDER = [9, 0, 2, 1, 3, 5, 4, 6, 8, 7];

/**
 * A model that always gives the same answer; "" is the end token. It reveals one token a step, in the given order.
 *
 * @param scope what it says that it was made for
 * @param holdAt the step before which a generation waits for `resume` or its signal
 */
export function createFakeEngine({
  tokens = ANSWER,
  order = ORDER,
  holdAt,
  scope,
}: { tokens?: string[]; order?: number[]; holdAt?: number; scope?: string } = {}): FakeEngine {
  let resume = () => {};
  const resumed = new Promise<void>((resolve) => (resume = resolve));
  const engine: FakeEngine = {
    calls: [],
    infillings: [],
    active: 0,
    resume,
    generationConfig: { promptLength: 48, maxNewTokens: tokens.length, steps: tokens.length, alg: "entropy", temperature: 0, topP: 1, scope },
    stats: () => ({
      running: engine.active,
      waiting: 0,
      done: 0,
      failed: 0,
      forwardPasses: 5,
      forwardTokens: 0,
      committedTokens: 0,
      plans: undefined,
      prefixCache: { hits: 0, misses: 0, reusedTokens: 0, bytes: 0 },
    }),
    config: { maxPositionEmbeddings: 96 } as Engine["config"],
    parameters: {},
    endIds: new Set(),
    tokenizer: Tokenizer.fromFolder(bundledModelDir()),
    limits: { rows: 16, tokens: 2 ** 20, cacheBytes: 2 ** 30 },
    scoreLabels: async ({ labels }) => ({
      labels: labels.map((label) => ({ label, probability: 1 / labels.length, logProbability: -1, tokens: 1 })),
      promptTokens: 5,
      forwardPasses: 1,
    }),
    prepare(options) {
      if ((options.prompt ?? "").length > 1000) throw new InvalidArgumentError({ argument: "prompt", value: 251, expected: "at most 48 tokens" });
      return { promptTokens: 7, rows: 1, columns: 48 + tokens.length, cacheBytes: 0, ready, start: (signal) => generate({ ...options, signal }) };
    },
    prepareInfill(options) {
      const { prefix = "", suffix = "", masks = 16, seed = 0 } = options;
      const middle = "# filled\nend";
      const trace = { initialIds: [], maskTokenId: 0, steps: [] };
      const counts = { promptTokens: 5, completionTokens: masks, forwardPasses: masks, seconds: 0 };
      const { template = [] } = options;
      const cells = template.flatMap((piece) => (typeof piece === "string" ? [piece] : Array.from({ length: piece.masks }, () => null)));
      const layout = { promptTokens: 5, cells, steps: cells.length, alg: "entropy", temperature: 0, topP: 1, seed };
      const start = async () => {
        engine.infillings.push(options);
        const positions = [...cells.keys()].filter((position) => cells[position] === null);
        const texts = positions.map((position) => `<${position}>`);
        const same = (value: number) => positions.map(() => value);
        const step = { step: 0, positions, tokenIds: positions, texts, confidence: same(0), entropy: same(0), forwardPasses: 1 };
        options.onStep?.({ ...step, edited: [], filled: [], remasked: [], expanded: [], deleted: [] });
        const text = template.length === 0 ? prefix + middle + suffix : cells.map((cell, position) => cell ?? `<${position}>`).join("");
        return { text, middle, holes: [middle], holeIds: [[]], ...counts, seed, trace };
      };
      return { promptTokens: 5, rows: 1, columns: 5 + masks, cacheBytes: 0, layout, ready, start };
    },
  };
  async function* generate(options: GenerateOptions): AsyncGenerator<GenerationEvent> {
    engine.calls.push(options);
    const { signal = new AbortController().signal } = options;
    const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    engine.active++;
    try {
      yield* reveal({ tokens, order, options, beforeStep: (step) => (step === holdAt ? Promise.race([resumed, aborted]) : nextTurn()) });
    } finally {
      engine.active--;
    }
  }
  return engine;
}

interface RevealOptions {
  tokens: string[];
  order: number[];
  options: GenerateOptions;
  beforeStep: (step: number) => Promise<unknown>;
}

async function* reveal({ tokens, order, options, beforeStep }: RevealOptions): AsyncGenerator<GenerationEvent> {
  const { seed = 0, temperature = 0, topP = 1, maxTokens = Infinity, earlyExit = false, signal } = options;
  yield { type: "layout", promptTokens: 7, completionLength: tokens.length, steps: tokens.length, alg: "entropy", temperature, topP, seed };
  const end = tokens.includes("") ? tokens.indexOf("") : tokens.length;
  const limit = Math.min(end, maxTokens);
  const reason: FinishReason = end < tokens.length && end < maxTokens ? "stop" : "length";
  const revealed = new Set<number>();
  for (const [step, position] of order.entries()) {
    await beforeStep(step);
    if (signal?.aborted)
      throw signal.reason instanceof DOMException && signal.reason.name === "TimeoutError" ? signal.reason : new AbortedError("Generation");
    revealed.add(position);
    let prefix = 0;
    while (prefix < limit && revealed.has(prefix)) prefix++;
    const settled = prefix === limit && (reason === "length" || revealed.has(end)) ? reason : undefined;
    const text = tokens[position]!;
    yield {
      type: "reveal",
      step,
      positions: [position],
      tokenIds: [position + 100],
      texts: [text],
      confidence: [step === 0 ? 0 : -0.1 * step],
      entropy: [0.1 * step],
      edited: [],
      filled: [],
      remasked: [],
      forwardPasses: step + 1,
      ...(options.provisional && { provisional: proposed(tokens, revealed) }),
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
    generation: {
      text,
      tokenIds,
      finishReason: reason,
      promptTokens: 7,
      completionTokens: limit,
      forwardPasses: revealed.size,
      seconds: 0.5,
      seed,
      trace: traceOf(order.slice(0, revealed.size)),
    },
  };
}

/** What a pass would put into the other positions; it is half sure of each. */
function proposed(tokens: readonly string[], revealed: ReadonlySet<number>): Proposed {
  const positions = [...tokens.keys()].filter((position) => !revealed.has(position));
  return { positions, texts: positions.map((position) => tokens[position]!), confidence: positions.map(() => Math.log(0.5)) };
}

function traceOf(order: readonly number[]): DenoiseTrace {
  const steps = order.map((position, step) => ({
    step,
    positions: [position],
    tokens: [position + 100],
    confidence: [1],
    entropy: [0],
    forwardPasses: step + 1,
  }));
  return { initialIds: order.map(() => 0), maskTokenId: 0, steps };
}
