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
  snapshots: state.snapshots?.map(cloneAll),
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

  it("counts the estimate of an older policy, which one update alone would not need", async () => {
    const lines: StepMetrics[] = [];
    const run = { ...options({ maxSteps: 2, numIterations: 1, beta: 0, maxStaleness: 1 }, start()), forbiddenIds: [MASK, END] };
    await trainCoupledGrpo({ ...run, onStep: (line) => lines.push(line) });
    const { rollouts, estimates, updates } = await plannedTokens({ ...run, forwardPasses: 4 });
    expect(lines.map((line) => line.networkTokens)).toEqual([rollouts + updates, rollouts + estimates + updates]); // the first step's is the newest
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

describe("rollouts of an older policy", () => {
  const run = async (config: object, more: Partial<CoupledGrpoOptions> = {}, state = start()): Promise<CoupledGrpoState> =>
    trainCoupledGrpo({ ...options(config, state), ...more });

  it("are of today's with maxStaleness 0, and other ones with 1", async () => {
    const today = numbersOf(await run({ maxSteps: 2 }));
    expect(numbersOf(await run({ maxSteps: 2, maxStaleness: 0 }))).toEqual(today);
    expect(numbersOf(await run({ maxSteps: 2, maxStaleness: 1 }))).not.toEqual(today);
  });

  it("go on after a stop with the very numbers of an uninterrupted run", async () => {
    const config = { maxSteps: 4, maxStaleness: 2, saveSteps: 2 };
    let saved: CoupledGrpoState | undefined;
    const whole = numbersOf(await run(config, { onCheckpoint: (state, step) => step === 2 && (saved = copy(state)) }));
    expect(saved!.snapshots).toHaveLength(2);
    expect(numbersOf(await run(config, { startStep: 2 }, saved))).toEqual(whole);
  });

  it("are asked for with the policy of maxStaleness steps before, which is told as early as it is known", async () => {
    const asked: [step: number, version: number, later: number[][]][] = [];
    const policies: number[][] = [];
    const sampled: number[][] = [];
    const biasOf = ({ bias }: CoupledGrpoState["parameters"]): number[] => [...bias!.data];
    const sample: CoupledGrpoOptions["sample"] = async ({ step, version, parameters, promptIds, later }) => {
      asked.push([step, version, later.map((one) => [one.step, one.version, one.promptIds.length])]);
      sampled.push(biasOf(parameters));
      for (const one of later) expect(biasOf(one.parameters)).toEqual(policies[one.version]);
      return { completionIds: promptIds.map((_, row) => [1, 2, row % 4, WANTED, row % 3, END]) };
    };
    const evaluate = async ({ parameters }: CoupledGrpoState): Promise<Record<string, number>> => {
      policies.push(biasOf(parameters));
      return {};
    };
    const metrics: StepMetrics[] = [];
    await run({ maxSteps: 4, maxStaleness: 2, evalSteps: 1 }, { sample, evaluate, onStep: (line) => metrics.push(line) });
    // [step, version, rows] of what comes later: all that the weights are known of, none beyond the last step.
    expect(asked).toEqual([
      [0, 0, [[1, 0, 8], [2, 0, 8]]], // prettier-ignore
      [1, 0, [[2, 0, 8], [3, 1, 8]]], // prettier-ignore
      [2, 0, [[3, 1, 8]]],
      [3, 1, []],
    ]);
    expect(sampled).toEqual([0, 0, 0, 1].map((version) => policies[version]));
    expect(metrics.map(({ staleness }) => staleness)).toEqual([0, 1, 2, 2]);
    expect(new Set(policies.map(String)).size).toBe(5);
  });

  it("are compared with the policy that sampled them: the first ratio is not 1", async () => {
    const metrics: StepMetrics[] = [];
    // With one update and a clipping range of nearly nothing, a ratio is clipped where old and current policy differ.
    const config = { maxSteps: 3, numIterations: 1, maxStaleness: 1, epsilon: 1e-9, beta: 0 };
    await run(config, { onStep: (line) => metrics.push(line) });
    expect(metrics[0]!.clipRatio).toBe(0);
    expect(metrics[2]!.clipRatio).toBeGreaterThan(0);
    const fresh: StepMetrics[] = [];
    await run({ ...config, maxSteps: 2, maxStaleness: 0 }, { onStep: (line) => fresh.push(line) });
    expect(fresh.map(({ clipRatio }) => clipRatio)).toEqual([0, 0]);
  });

  it("need the policies of the steps before, and a number of steps that is one", async () => {
    await expect(run({ maxStaleness: 2 }, { startStep: 3 })).rejects.toThrow(
      'state.snapshots must be 2, the policies before the last steps, with maxStaleness 2 at step 3, got "0 of them".',
    );
    const problems = (maxStaleness: unknown): string[] =>
      CoupledGrpoConfigSchema.safeParse({ maxSteps: 1, promptsPerStep: 1, learningRate: 1, maxStaleness }).error!.issues.map(
        ({ message }) => message,
      );
    expect(problems(-1)).toEqual(["Too small: expected number to be >=0"]);
    expect(problems(0.5)).toEqual(["Invalid input: expected int, received number"]);
    expect(problems(65)).toEqual(["Too big: expected number to be <=64"]);
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
