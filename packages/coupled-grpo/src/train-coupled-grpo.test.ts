import { AbortedError, createRandom, type ProgressEvent } from "@diffucoder/core";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { dreamDecoder, SamplerOptionsSchema } from "@diffucoder/samplers";
import { add, float32, linear, type NdArray, reshape, take } from "@diffucoder/tensor";
import { freshState, type StepMetrics } from "@diffucoder/trainer";
import { describe, expect, it } from "vitest";
import { CoupledGrpoConfigSchema } from "./config.ts";
import { ESTIMATOR_NAMES } from "./estimators/index.ts";
import { plannedTokens } from "./planned-tokens.ts";
import type { CoupledGrpoState } from "./rollout-stage.ts";
import { type CoupledGrpoOptions, freshCoupledGrpoState, trainCoupledGrpo } from "./train-coupled-grpo.ts";

// A network of one layer over eight words: end 0, mask 7. What it predicts depends on the word before and on a bias.
const [END, MASK, VOCAB, WANTED] = [0, 7, 8, 3];
const logits: LogitsFunction = (parameters, { inputIds, logitPositions }) => {
  const words = take(parameters.words!, inputIds);
  const all = add(linear(words, parameters.output!), parameters.bias!);
  return logitPositions === undefined ? all : take(reshapeRows(all), logitPositions);
};

function reshapeRows(x: ReturnType<typeof add>): ReturnType<typeof add> {
  return reshape(x, [x.shape.slice(0, -1).reduce((a, b) => a * b, 1), VOCAB]);
}

const start = (): CoupledGrpoState => {
  const random = createRandom(3);
  const normal = (count: number, shape: number[]): NdArray =>
    float32(
      Array.from({ length: count }, () => 0.2 * random.normal()),
      shape,
    );
  return freshCoupledGrpoState(
    freshState({ words: normal(VOCAB * 4, [VOCAB, 4]), output: normal(VOCAB * 4, [VOCAB, 4]), bias: float32(new Array(VOCAB).fill(0)) }),
  );
};

/** The reward asks for one word: the share of a completion's positions that hold it. */
const options = (config: object, state: CoupledGrpoState): CoupledGrpoOptions => ({
  config: CoupledGrpoConfigSchema.parse({
    maxSteps: 6,
    promptsPerStep: 2,
    numGenerations: 4,
    numIterations: 2,
    learningRate: 0.05,
    refModelSyncSteps: 4,
    saveSteps: 2,
    ...config,
  }),
  logits,
  vocabSize: VOCAB,
  maskTokenId: MASK,
  padTokenId: END,
  eosTokenIds: [END],
  forbiddenIds: [MASK],
  promptLength: 3,
  maxNewTokens: 6,
  decoder: dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 6, steps: 4, temperature: 1, schedule: "even" })),
  state,
  prompts: (step) => [
    [1, 2],
    [1 + (step % 4), 5, 6],
  ],
  reward: async ({ completionIds }) => completionIds.map((ids) => ids.filter((id) => id === WANTED).length / ids.length),
  random: createRandom(1).split("grpo"),
});

const copy = (state: CoupledGrpoState): CoupledGrpoState => ({
  parameters: cloneAll(state.parameters),
  adam: { m: cloneAll(state.adam.m), v: cloneAll(state.adam.v) },
  reference: cloneAll(state.reference),
});
const cloneAll = (arrays: Record<string, NdArray>): Record<string, NdArray> =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.clone()]));
const numbersOf = (state: CoupledGrpoState): number[][] =>
  [state.parameters, state.adam.m, state.adam.v, state.reference].flatMap((tree) => Object.values(tree).map(({ data }) => [...data]));

describe("trainCoupledGrpo", () => {
  it("earns more of a reward that can be earned", async () => {
    const metrics: StepMetrics[] = [];
    await trainCoupledGrpo({ ...options({ maxSteps: 40, numGenerations: 8 }, start()), onStep: (line) => metrics.push(line) });
    const mean = (lines: StepMetrics[]): number => lines.reduce((sum, { reward }) => sum + reward!, 0) / lines.length;
    expect(mean(metrics.slice(0, 5))).toBeLessThan(0.3);
    expect(mean(metrics.slice(-5))).toBeGreaterThan(0.7);
    expect(metrics.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  it("ends a stopped and resumed run with the very numbers of an uninterrupted one", async () => {
    const whole = numbersOf(await trainCoupledGrpo(options({}, start())));

    const stop = new AbortController();
    let saved: { state: CoupledGrpoState; step: number } | undefined;
    const progress: ProgressEvent[] = [];
    const first = trainCoupledGrpo({
      ...options({}, start()),
      signal: stop.signal,
      onProgress: (event) => {
        progress.push(event);
        if (event.step === 3) stop.abort();
      },
      onCheckpoint: (state, step) => (saved = { state: copy(state), step }),
    });
    await expect(first).rejects.toThrow(AbortedError);
    expect(saved?.step).toBe(3);
    expect(progress.map(({ step, total }) => [step, total])).toEqual([
      [1, 6],
      [2, 6],
      [3, 6],
    ]);

    const resumed = await trainCoupledGrpo({ ...options({}, saved!.state), startStep: saved!.step });
    expect(numbersOf(resumed)).toEqual(whole);
  });

  it("keeps the last whole iteration when stopped in the middle of one", async () => {
    const stop = new AbortController();
    let saved = -1;
    const { reward, ...rest } = options({}, start());
    const run = trainCoupledGrpo({
      ...rest,
      prompts: (step) => {
        if (step === 2) stop.abort();
        return rest.prompts(step);
      },
      reward,
      signal: stop.signal,
      onCheckpoint: (_, step) => (saved = step),
    });
    await expect(run).rejects.toThrow(AbortedError);
    expect(saved).toBe(2);
  });

  it("measures the KL from the reference, and makes the policy the reference every few iterations", async () => {
    const metrics: StepMetrics[] = [];
    const state = await trainCoupledGrpo({
      ...options({ maxSteps: 5, numIterations: 1, refModelSyncSteps: 3, beta: 0.01 }, start()),
      onStep: (line) => metrics.push(line),
    });
    const kl = metrics.map((line) => line.kl!);
    expect(kl[0]).toBeCloseTo(0, 6);
    expect(kl[2]).toBeGreaterThan(kl[0]!);
    expect(kl[3]).toBeCloseTo(0, 6); // just synced
    expect(kl[4]).toBeGreaterThan(0);
    expect([...state.reference.bias!.data]).not.toEqual([...state.parameters.bias!.data]);
  });

  it("counts the tokens that go through the network, worked by hand", async () => {
    const tokens = async (config: object): Promise<number[]> => {
      const lines: StepMetrics[] = [];
      const run = { ...options({ maxSteps: 2, ...config }, start()), forbiddenIds: [MASK, END] }; // no completion ends early
      await trainCoupledGrpo({ ...run, onStep: (line) => lines.push(line) });
      return lines.map((line) => line.networkTokens!);
    };
    // 8 rows of 3 + 6 tokens are 72 a pass. Sampling takes 4 passes, an estimate 3; of these a step takes as many for the policy that
    // sampled, for the reference and for the updates as there are updates.
    expect(await tokens({ numIterations: 2, beta: 0.01 })).toEqual([72 * (4 + 3 * 6), 72 * (4 + 3 * 6)]);
    expect(await tokens({ numIterations: 1, beta: 0.01 })).toEqual([72 * (4 + 3 * 2), 72 * (4 + 3 * 2)]);
    expect(await tokens({ numIterations: 1, beta: 0 })).toEqual([72 * (4 + 3), 72 * (4 + 3)]);
  });

  it.each(ESTIMATOR_NAMES)("puts through the network what plannedTokens says, with %s", async (estimator) => {
    const lines: StepMetrics[] = [];
    const run = { ...options({ maxSteps: 1, numIterations: 2, beta: 0.01, estimator }, start()), forbiddenIds: [MASK, END] };
    await trainCoupledGrpo({ ...run, onStep: (line) => lines.push(line) });
    const { rollouts, estimates, updates } = await plannedTokens({ ...run, forwardPasses: 4 });
    expect(lines.map((line) => line.networkTokens)).toEqual([rollouts + estimates + updates]);
  });

  it("leaves out completions that could not be scored, and stops if none could", async () => {
    const metrics: StepMetrics[] = [];
    const some = options({ maxSteps: 1 }, start());
    await trainCoupledGrpo({
      ...some,
      reward: async ({ completionIds }) =>
        completionIds.map((_, i) => {
          const code = i === 0 ? null : 1;
          return { reward: code && 2 * code, terms: [{ name: "code", value: code }] };
        }),
      onStep: (line) => metrics.push(line),
    });
    expect(metrics[0]).toMatchObject({ infrastructureFailures: 1, "rewards/code": 1, reward: 2 });

    const none = options({ maxSteps: 1 }, start());
    await expect(trainCoupledGrpo({ ...none, reward: async ({ completionIds }) => completionIds.map(() => null) })).rejects.toMatchObject({
      code: "NO_REWARD",
    });
  });
});

describe("trainCoupledGrpo's reward function", () => {
  const run = async (reward: unknown) => {
    const saved: number[] = [];
    const given = {
      ...options({}, start()),
      reward: reward as CoupledGrpoOptions["reward"],
      onCheckpoint: (_: unknown, step: number) => saved.push(step),
    };
    const error = await trainCoupledGrpo(given).catch((caught: unknown) => caught as Error & { code: string });
    return { message: (error as Error).message, saved };
  };
  const wanted = "must be a finite number for completion 2, or null where it could not be computed";

  it.each([
    [Number.NaN, `rewards[2] ${wanted}, got NaN.`],
    [Infinity, `rewards[2] ${wanted}, got Infinity.`],
    [undefined, `rewards[2] ${wanted}, got undefined.`],
    [{ code: 1 }, `rewards[2] ${wanted}, got undefined.`],
    [{ reward: "1" }, `rewards[2] ${wanted}, got "1".`],
    [{ reward: 1, terms: [{ name: "style", value: Infinity }] }, `rewards[2] of style ${wanted}, got Infinity.`],
  ])("that gives %j for a completion is told so, after a checkpoint", async (bad, message) => {
    const result = await run(async () => [1, 1, bad, 1, 1, 1, 1, 1]);
    expect(result).toEqual({ message, saved: [0] });
  });

  it("that returns too many, or none, or fails is an error", async () => {
    expect((await run(async () => Array.from({ length: 16 }, () => 1))).message).toBe(
      'rewards must be 8, one for each completion, got "16 of them".',
    );
    expect((await run(() => undefined)).message).toBe("rewards must be a list, one reward for each completion, got undefined.");
    expect((await run(() => Promise.reject(new Error("no network")))).message).toBe("The reward function failed: no network");
  });
});
