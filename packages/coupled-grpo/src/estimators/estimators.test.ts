// All estimators on a toy network whose logits depend on the word before alone, so that every pass can be worked out by hand.
import { createRandom } from "@diffucoder/core";
import type { DenoiseTrace } from "@diffucoder/samplers";
import { compile, float32, initAdamW, int32, type Tensor } from "@diffucoder/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CoupledGrpoConfigSchema } from "../config.ts";
import { createPolicy } from "../policy.ts";
import type { Rollout } from "../rollout.ts";
import { logProbAfter, MASK, toyLogits, toyParameters } from "../toy-logits.fixture.ts";
import { coupled } from "./coupled.ts";
import type { Estimator, RolloutBatch } from "./estimator.ts";
import { createEstimator, estimatorOptionProblems, ESTIMATOR_NAMES, type EstimatorName, type EstimatorOptions } from "./index.ts";
import { partition } from "./partition.ts";

const parameters = toyParameters();
const after = (word: number, next: number): number => logProbAfter(parameters, word, next);

const rolloutOf = (completionIds: number[], maskSeed = 1, completionMask = completionIds.map(() => 1)): Rollout => ({
  promptIds: [0, 1],
  promptMask: [1, 1],
  completionIds,
  completionMask,
  reward: 1,
  advantage: 1,
  maskSeeds: [maskSeed],
  trace: traceOf(
    completionIds,
    completionIds.map((_, j) => [j]),
  ),
});

/** The trace of a completion after a prompt of two tokens, whose steps reveal these of its tokens. */
function traceOf(completionIds: readonly number[], revealed: readonly number[][]): DenoiseTrace {
  const steps = revealed.map((tokens, step) => ({
    step,
    positions: tokens.map((j) => 2 + j),
    tokens: tokens.map((j) => completionIds[j]!),
    confidence: tokens.map(() => 1),
    entropy: tokens.map(() => 0),
    forwardPasses: step + 1,
  }));
  return { initialIds: [0, 1, ...completionIds.map(() => MASK)], maskTokenId: MASK, steps };
}

type Inputs<Leaf> = Record<keyof RolloutBatch, Leaf> & { drawn: Record<string, Leaf> };

async function estimateOf(estimator: Estimator, rollouts: readonly Rollout[]): Promise<number[][]> {
  const length = rollouts[0]!.completionIds.length;
  const rows = (of: (rollout: Rollout) => number[], width: number) => int32(rollouts.flatMap(of), [rollouts.length, width]);
  const run = compile((weights: Record<string, Tensor>, { drawn, ...batch }: Inputs<Tensor>) => ({
    estimate: estimator.logProbs({ logits: toyLogits, maskTokenId: MASK }, weights, batch, drawn),
  }));
  const { estimate } = await run(parameters, {
    promptIds: rows(({ promptIds }) => promptIds, 2),
    promptMask: rows(({ promptMask }) => promptMask, 2),
    completionIds: rows(({ completionIds }) => completionIds, length),
    completionMask: float32(
      rollouts.flatMap(({ completionMask }) => completionMask),
      [rollouts.length, length],
    ),
    drawn: estimator.draw(rollouts, 0),
  });
  run.dispose();
  const each = estimate.size / rollouts.length;
  return rollouts.map((_, row) => [...estimate.data].slice(row * each, (row + 1) * each));
}

const completions = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 6 });
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

describe("fullMask", () => {
  it("sees the prompt and masks, worked by hand", async () => {
    const [logProbs] = await estimateOf(createEstimator({ estimator: "fullMask" }), [rolloutOf([2, 3])]);
    expect(logProbs).toBeAllclose([after(1, 2), after(MASK, 3)], { atol: 1e-5 });
  });
});

describe("leftToRight", () => {
  it("is the chain rule: each token after the ones before it", async () => {
    await fc.assert(
      fc.asyncProperty(completions, async (ids) => {
        const [logProbs] = await estimateOf(createEstimator({ estimator: "leftToRight" }), [rolloutOf(ids)]);
        expect(logProbs).toBeAllclose(
          ids.map((id, j) => after(j === 0 ? 1 : ids[j - 1]!, id)),
          { atol: 1e-5 },
        );
      }),
      { numRuns: 10, seed: 1 },
    );
  });
});

describe("traceReplay", () => {
  const replayed = async (shrink: number, completionIds: number[], revealed: number[][]) => {
    const one = { ...rolloutOf(completionIds), trace: traceOf(completionIds, revealed) };
    return (await estimateOf(createEstimator({ estimator: "traceReplay", estimatorOptions: { shrink } }), [one]))[0];
  };

  it("sees what stood when a token was revealed, worked by hand", async () => {
    // The last token first, then the first two at once: the second does not see the first.
    expect(await replayed(1, [2, 3, 0], [[2], [0, 1]])).toBeAllclose([after(1, 2), after(MASK, 3), after(MASK, 0)], { atol: 1e-5 });
    // From left to right, one a step; then two steps together.
    expect(await replayed(1, [2, 3, 0], [[0], [1], [2]])).toBeAllclose([after(1, 2), after(2, 3), after(3, 0)], { atol: 1e-5 });
    expect(await replayed(2, [2, 3, 0], [[0], [1], [2]])).toBeAllclose([after(1, 2), after(MASK, 3), after(3, 0)], { atol: 1e-5 });
  });

  it("needs traces of completions that keep their length", () => {
    const { draw } = createEstimator({ estimator: "traceReplay" });
    const { trace, ...untraced } = rolloutOf([2, 3]);
    expect(() => draw([untraced], 0)).toThrow('rollouts must be rollouts with the traces of their sampling, for traceReplay, got "no trace".');
    const grown = { ...trace!, steps: trace!.steps.map((step) => ({ ...step, expanded: [2] })) };
    expect(() => draw([{ ...untraced, trace: grown }], 0)).toThrow(
      'rollouts must be completions of one length, for traceReplay, got "columns that came or went".',
    );
  });
});

describe("sandwiched", () => {
  const bounds = async (seed: number, options: EstimatorOptions): Promise<Record<"lower" | "upper", number[]>> => {
    const estimator = createEstimator({ estimator: "sandwiched", estimatorOptions: { mixWeight: 1, ...options } });
    const of = async (advantage: number) => (await estimateOf(estimator, [{ ...rolloutOf([2, 3, 0, 1], seed), advantage }]))[0]!;
    return { lower: await of(1), upper: await of(-1) };
  };

  it("is the Monte Carlo estimate where a completion was good", async () => {
    const wanted = await estimateOf(createEstimator({ estimator: "monteCarlo", estimatorOptions: { numMc: 3 } }), [rolloutOf([2, 3, 0, 1], 7)]);
    expect((await bounds(7, { numMc: 3 })).lower).toBeAllclose(wanted[0]!, { atol: 1e-5 });
  });

  it("is ln(sum w p^beta) / beta where it was bad, worked by hand", async () => {
    const { draw } = createEstimator({ estimator: "sandwiched", estimatorOptions: { numMc: 1 } });
    const { weight, mask } = draw([rolloutOf([2, 3, 0, 1], 7)], 0) as Record<"weight" | "mask", { data: ArrayLike<number> }>;
    const { upper } = await bounds(7, { numMc: 1, euboBeta: 2 });
    const words = [1, 2, 3, 0];
    const wanted = [2, 3, 0, 1].map((next, j) => {
      if (mask.data[j] === 0) return 0;
      const before = j > 0 && mask.data[j - 1] === 1 ? MASK : words[j]!;
      return Math.log(weight.data[j]! * Math.exp(2 * after(before, next))) / 2;
    });
    expect(upper).toBeAllclose(wanted, { atol: 1e-5 });
  });

  it("mixes the bounds by omega", async () => {
    const [whole, half] = [await bounds(9, { numMc: 4 }), await bounds(9, { numMc: 4, mixWeight: 0.25 })];
    expect(half.upper).toBeAllclose(
      whole.upper.map((one, j) => 0.25 * one + 0.75 * whole.lower[j]!),
      { atol: 1e-5 },
    );
  });
});

describe("partition", () => {
  it("of two parts is the coupled estimate, from the same seed", async () => {
    const rollouts = [3, 4, 5].map((seed) => rolloutOf([2, 3, 0, 1, 1], seed));
    const wanted = await estimateOf(coupled, rollouts);
    const got = await estimateOf(partition({ parts: 2, lambda: 1, weights: "inverseShare" }), rollouts);
    for (const [i, row] of got.entries()) expect(row).toBeAllclose(wanted[i]!, { atol: 1e-5 });
  });

  it("of as many parts as tokens is the pseudo-likelihood: each token with all others visible", async () => {
    await fc.assert(
      fc.asyncProperty(
        completions.filter(({ length }) => length > 2),
        fc.nat(),
        async (ids, seed) => {
          const estimator = partition({ parts: ids.length, lambda: 0, weights: "none" });
          const [logProbs] = await estimateOf(estimator, [rolloutOf(ids, seed)]);
          const wanted = ids.map((id, j) => after(j === 0 ? 1 : ids[j - 1]!, id));
          expect(logProbs).toBeAllclose(wanted, { atol: 1e-5 });
        },
      ),
      { numRuns: 10, seed: 2 },
    );
  });

  it("masks every token in exactly one part, and reads it there", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 7 }), fc.integer({ min: 1, max: 12 }), fc.nat(), (parts, length, seed) => {
        const { mask, pass, weight } = partition({ parts, lambda: 0, weights: "inverseShare" }).draw(
          [
            rolloutOf(
              Array.from({ length }, () => 0),
              seed,
            ),
          ],
          0,
        );
        for (let j = 0; j < length; j++) {
          const masked = Array.from({ length: parts }, (_, v) => v).filter((v) => mask!.data[v * length + j] === 1);
          expect(masked).toEqual([pass!.data[j]]);
          const size = Array.from({ length }, (_, i) => pass!.data[i]).filter((one) => one === pass!.data[j]).length;
          if (parts > 2) expect(weight!.data[j]).toBeCloseTo(length / size, 4);
        }
      }),
      { numRuns: 50, seed: 3 },
    );
  });
});

describe("decoupled", () => {
  it("adds what each view masks to the pass of nothing but masks, worked by hand", async () => {
    const estimator = createEstimator({ estimator: "decoupled" });
    const rollouts = [rolloutOf([2, 3], 8)];
    const { mask, weight } = estimator.draw(rollouts, 0) as Record<"mask" | "weight", { data: ArrayLike<number> }>;
    const [m1, m2] = [Array.from(mask.data).slice(2, 4), Array.from(mask.data).slice(4, 6)];
    const seenBefore = (view: readonly number[]): number => (view[0] === 1 ? MASK : 2); // what stands before the second token
    const wanted = [after(1, 2) / 2, after(MASK, 3) / 2];
    for (const [v, view] of [m1, m2].entries()) {
      const own = Array.from(weight.data).slice(2 * (v + 1), 2 * (v + 2));
      wanted[0]! += own[0]! * after(1, 2);
      wanted[1]! += own[1]! * after(seenBefore(view), 3);
      own.forEach((one, j) => expect(one > 0).toBe(view[j] === 1));
    }
    const [logProbs] = await estimateOf(estimator, rollouts);
    expect(logProbs).toBeAllclose(wanted, { atol: 1e-5 });
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

describe("sequenceLevel", () => {
  it("is one value for a completion: the bound per token through the end token, worked by hand", async () => {
    const estimator = createEstimator({ estimator: "sequenceLevel", estimatorOptions: { numMc: 1 } });
    const one = rolloutOf([2, 3, 0], 4, [1, 1, 0]);
    const { mask, weight } = estimator.draw([one], 0) as Record<"mask" | "weight", { data: ArrayLike<number> }>;
    const masked = Array.from(mask.data).slice(0, 3);
    const x = masked.reduce((sum, isMasked) => sum + isMasked, 0);
    const w = masked.map((isMasked) => 4 / (2 * (isMasked === 1 ? x : 3 - x)));
    expect(Array.from(weight.data)).toBeAllclose(w, { atol: 1e-6 });
    // The second token is read in the pass that masks it; the first is visible there if it is of the other part.
    const before = masked[0] === masked[1] ? MASK : 2;
    expect(await estimateOf(estimator, [one])).toEqual([[expect.closeTo((w[0]! * after(1, 2) + w[1]! * after(before, 3)) / 2, 4)]]);
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
    const parsed = CoupledGrpoConfigSchema.safeParse({ maxSteps: 1, promptsPerStep: 1, learningRate: 1, ...training });
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
    expect(problems({ estimatorOptions: { parts: 1 } })).toEqual(["Too small: expected number to be >=2"]);
    expect(problems({ estimator: "espo" })[0]).toContain('"sequenceLevel"');
  });
});
