// What holds for every estimator, on the toy network of `estimates.fixture.ts`.
import { createRandom, valueProblem } from "@diffucoder/core";
import { float32, initAdamW } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { CoupledGrpoConfigSchema } from "../config.ts";
import { createPolicy } from "../policy.ts";
import { MASK, toyLogits, toyParameters } from "../toy-logits.fixture.ts";
import type { Estimator } from "./estimator.ts";
import { estimateOf, rolloutOf } from "./estimates.fixture.ts";
import { createEstimator, estimatorOptionProblems, ESTIMATOR_NAMES, type EstimatorName, type EstimatorOptions } from "./index.ts";

const settings: [EstimatorName, EstimatorOptions][] = [
  ...ESTIMATOR_NAMES.map((name): [EstimatorName, EstimatorOptions] => [name, {}]),
  ["coupled", { parts: 3 }],
  ["coupled", { parts: 9, lambda: 0, weights: "none" }],
  ["monteCarlo", { numMc: 5 }],
  ["coupled", { compat: { attendPadding: true } }],
];

describe("every estimator", () => {
  it.each(settings)("%s %j scores a row as if it were alone, from its own seed", async (name, options) => {
    const estimator = createEstimator({ estimator: name, estimatorOptions: options });
    const rollouts = [rolloutOf([2, 3, 0], 5), rolloutOf([1, 1, 3], 6), rolloutOf([0, 2, 2], 5)];
    const together = await estimateOf(estimator, rollouts);
    for (const [i, one] of rollouts.entries()) expect((await estimateOf(estimator, [one]))[0]).toBeAllclose(together[i]!, { atol: 1e-5 });
  });

  it.each(settings)("%s %j gives a finite gradient, whatever the network says", async (name, options) => {
    const extreme = {
      ...toyParameters(),
      table: float32(
        Float32Array.from({ length: 25 }, (_, i) => (i % 2 === 0 ? 1e4 : -1e4)),
        [5, 5],
      ),
    };
    const config = CoupledGrpoConfigSchema.parse({
      maxSteps: 1,
      promptsPerStep: 1,
      learningRate: 0.01,
      beta: 0,
      estimator: name,
      estimatorOptions: options,
    });
    const policy = createPolicy({ logits: toyLogits, maskTokenId: MASK, config });
    const state = { parameters: extreme, adam: initAdamW(extreme) };
    const { gradNorm, loss } = await policy.update(state, [rolloutOf([2, 3, 0])], { iteration: 0, lr: 0.01, count: 1 });
    policy.dispose();
    expect([gradNorm, loss].every(Number.isFinite)).toBe(true);
  });
});

/** Means over many seeds against what the formula promises. */
const meanWeights = (name: EstimatorName, length: number): number[] => {
  const estimator = createEstimator({ estimator: name });
  const sums = new Array<number>(length).fill(0);
  const seeds = 4000;
  for (let seed = 0; seed < seeds; seed++) {
    const { weight } = estimator.draw(
      [
        rolloutOf(
          Array.from({ length }, () => 0),
          seed,
        ),
      ],
      0,
    ) as Record<"weight", { data: ArrayLike<number> }>;
    Array.from(weight.data).forEach((one, i) => (sums[i % length]! += one / seeds));
  }
  return sums;
};

describe("weights", () => {
  it("of each token are 1 on average where the sum is a bound of the likelihood", () => {
    expect(meanWeights("monteCarlo", 5)).toBeAllclose([1, 1, 1, 1, 1], { atol: 0.05 });
    // Each of the two passes is worth (L + 1) / L, but for x = 0 and x = L, which leave one of them without masks.
    expect(meanWeights("sequenceLevel", 5)).toBeAllclose([1, 1, 1, 1, 1], { atol: 0.05 });
  });

  it("of the decoupled estimate are on average those of the coupled one", () => {
    expect(meanWeights("decoupled", 5)).toBeAllclose([1.5, 1.5, 1.5, 1.5, 1.5], { atol: 0.06 });
  });
});

describe("a policy", () => {
  it.each(ESTIMATOR_NAMES)("with %s makes what was good likelier", async (estimator) => {
    const config = CoupledGrpoConfigSchema.parse({ maxSteps: 1, promptsPerStep: 1, learningRate: 0.05, beta: 0, estimator });
    const policy = createPolicy({ logits: toyLogits, maskTokenId: MASK, config });
    const random = createRandom(3);
    const rollouts = [1, -1].map((advantage) => ({ ...rolloutOf(advantage > 0 ? [2, 3, 2] : [3, 0, 0], random.integer(0, 1000)), advantage }));
    let state = { parameters: toyParameters(), adam: initAdamW(toyParameters()) };
    const total = async (): Promise<number[]> =>
      (await policy.estimate(state.parameters, rollouts, 0)).map((row) => row.reduce((sum, one) => sum + one, 0));
    const before = await total();
    for (let count = 1; count <= 3; count++) state = (await policy.update(state, rollouts, { iteration: 0, lr: 0.05, count })).state as typeof state;
    const now = await total();
    policy.dispose();
    expect(now[0]!).toBeGreaterThan(before[0]!);
    expect(now[1]!).toBeLessThan(before[1]!);
  });

  it.each(["coupled", "sequenceLevel"] as const)("with %s takes the same step in parts of unequal length", async (estimator) => {
    const rollouts = [
      { ...rolloutOf([2, 3, 2], 1), advantage: 1 },
      { ...rolloutOf([3, 0, 0], 2, [1, 0, 0]), advantage: -0.5 },
      { ...rolloutOf([1, 0, 2], 3, [1, 1, 0]), advantage: 0.25 },
    ];
    const step = async (gradientAccumulationSteps: number) => {
      const config = CoupledGrpoConfigSchema.parse({
        maxSteps: 1,
        promptsPerStep: 1,
        learningRate: 0.05,
        beta: 0,
        estimator,
        gradientAccumulationSteps,
      });
      const policy = createPolicy({ logits: toyLogits, maskTokenId: MASK, config });
      const estimates = await policy.estimate(toyParameters(), rollouts, 0);
      const state = { parameters: toyParameters(), adam: initAdamW(toyParameters()) };
      const result = await policy.update(state, rollouts, { iteration: 0, lr: 0.05, count: 1 });
      policy.dispose();
      return { ...result, estimates, table: [...result.state.parameters["table"]!.data] };
    };
    const [whole, inParts] = [await step(1), await step(2)];
    expect(inParts.table).toBeAllclose(whole.table, { atol: 1e-5 });
    expect(inParts.gradNorm).toBeCloseTo(whole.gradNorm, 5);
    expect(inParts.loss).toBeCloseTo(whole.loss, 5);
    for (const [i, row] of inParts.estimates.entries()) expect([...row]).toBeAllclose([...whole.estimates[i]!], { atol: 1e-6 });
  });
});

describe("options", () => {
  const problems = (training: object): string[] => {
    const parsed = CoupledGrpoConfigSchema.safeParse({ maxSteps: 1, promptsPerStep: 1, learningRate: 1, ...training }, { error: valueProblem });
    return parsed.error?.issues.map(({ message }) => message) ?? [];
  };

  it("of compat bring back what the published code does: one ratio for all rows, and padding that is attended to", async () => {
    const rollouts = [rolloutOf([2, 3, 0], 5), rolloutOf([1, 1, 3], 6)];
    const maskedPadding = async (compat: EstimatorOptions["compat"]): Promise<boolean> => {
      const { draw, logProbs } = createEstimator({ estimator: "coupled", estimatorOptions: { compat } });
      let hasMask = false;
      const watched: Estimator["logProbs"] = (network, ...rest) =>
        logProbs(
          { ...network, logits: (weights, inputs) => ((hasMask = inputs.attentionMask !== undefined), network.logits(weights, inputs)) },
          ...rest,
        );
      await estimateOf({ draw, logProbs: watched }, rollouts);
      return hasMask;
    };
    expect([await maskedPadding({}), await maskedPadding({ attendPadding: true })]).toEqual([true, false]);
    const ratios = (compat: EstimatorOptions["compat"]): number =>
      new Set(createEstimator({ estimator: "coupled", estimatorOptions: { compat } }).draw(rollouts, 0)["ratio"]!.data).size;
    expect([ratios({}), ratios({ sharedRatio: true })]).toEqual([2, 1]);
  });

  it("of compat belong to the published estimate alone", () => {
    const estimatorOptions = { parts: 3, compat: { sharedRatio: true } };
    const wanted = "left out where parts, lambda or weights make another estimate than the published one";
    expect(estimatorOptionProblems("coupled", estimatorOptions)).toEqual([{ option: "compat", problem: `must be ${wanted}` }]);
    expect(estimatorOptionProblems("coupled", { parts: 2, compat: { sharedRatio: true } })).toEqual([]);
    expect(() => createEstimator({ estimator: "coupled", estimatorOptions })).toThrow(
      `estimatorOptions.compat must be ${wanted}, got {"sharedRatio":true}.`,
    );
  });

  it("are those of some estimator", () => {
    expect(problems({ estimatorOptions: { part: 3 } })).toEqual(['Unrecognized key: "part"']);
    expect(problems({ estimatorOptions: { parts: 1 } })).toEqual(["must be at least 2, got 1"]);
    expect(problems({ estimator: "espo" })[0]).toContain('"sequenceLevel"');
  });
});
