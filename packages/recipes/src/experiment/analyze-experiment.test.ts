import { describe, expect, it } from "vitest";
import { analyzeExperiment, shownKs } from "./analyze-experiment.ts";
import { type ExperimentPlan, ExperimentPlanSchema } from "./plan.ts";
import { createRecord, type ExperimentRecord } from "./record.ts";
import { verdictOf } from "./verdict.ts";

const plan = (more: object = {}): ExperimentPlan =>
  ExperimentPlanSchema.parse({
    arms: { base: { note: "before", train: false }, a: { note: "one" }, b: { note: "another" } },
    seeds: [0, 1],
    evaluations: { test: { dataset: "tinycode", samplesPerTask: 4 } },
    decision: [
      { arm: "a", against: "base", evaluation: "test", expected: "higher", margin: 0.1 },
      { arm: "a", against: "b", evaluation: "test", expected: "same", margin: 0.05 },
    ],
    ...more,
  });

const record = (arm: string, seed: number, counts: [string, number, number][], tokens: number[] = []): ExperimentRecord =>
  createRecord({
    plan: "0".repeat(64),
    arm,
    seed,
    recipe: null,
    modelSha256: "0".repeat(64),
    date: "2026-01-02T03:04:05.000Z",
    machine: { processor: "a", cores: 2, node: "20.19.0" },
    seconds: 10 + seed,
    processorSeconds: 20,
    curve: tokens.length === 0 ? {} : { networkTokens: tokens },
    evaluations: { test: { tasksSha256: "1".repeat(64), infrastructureFailures: 0, counts } },
  });

const all = [
  record("base", 0, [
    ["x", 4, 0],
    ["y", 4, 2],
  ]),
  record("base", 1, [
    ["x", 4, 1],
    ["y", 4, 1],
  ]),
  record(
    "a",
    0,
    [
      ["x", 4, 2],
      ["y", 4, 4],
    ],
    [100, 100],
  ),
  record(
    "a",
    1,
    [
      ["x", 4, 3],
      ["y", 4, 3],
    ],
    [100, 100],
  ),
  record(
    "b",
    0,
    [
      ["x", 4, 2],
      ["y", 4, 4],
    ],
    [101, 102],
  ),
  record(
    "b",
    1,
    [
      ["x", 4, 3],
      ["y", 4, 3],
    ],
    [101, 102],
  ),
];

describe("analyzeExperiment", () => {
  it("gives pass@k of each arm, differences and verdicts, worked by hand", () => {
    const { arms, comparisons } = analyzeExperiment(plan(), all);
    expect(arms.map(({ arm, seeds, networkTokens, seconds }) => [arm, seeds, networkTokens, seconds])).toEqual([
      ["base", [0, 1], 0, 10.5],
      ["a", [0, 1], 200, 10.5],
      ["b", [0, 1], 203, 10.5],
    ]);
    // base: (0 + 2/4 + 1/4 + 1/4) / 4 = 1/4; a: (2/4 + 1 + 3/4 + 3/4) / 4 = 3/4; with 4 of 4 samples, pass@4 is whether one passed.
    expect(arms.map(({ passAtK }) => passAtK.map(({ k, estimate, tasks }) => [k, estimate, tasks]))).toEqual([
      [
        [1, 0.25, 2],
        [4, 0.75, 2],
      ],
      [
        [1, 0.75, 2],
        [4, 1, 2],
      ],
      [
        [1, 0.75, 2],
        [4, 1, 2],
      ],
    ]);
    // Every task gains 2 of 4 samples with every seed: no spread. The two arms are equal, and their tokens differ by 1.5 %.
    expect(comparisons[0]).toMatchObject({ verdict: "holds", difference: { estimate: 0.5, interval95: [0.5, 0.5] }, tasks: 2, seeds: 2 });
    expect(comparisons[0]!.computeRatio).toBeUndefined();
    expect(comparisons[1]).toMatchObject({ verdict: "holds", difference: { estimate: 0, interval95: [0, 0] }, isEqualCompute: true });
    expect(comparisons[1]!.computeRatio).toBeCloseTo(200 / 203, 12);
  });

  it("decides nothing before all planned runs are recorded, and says how many are", () => {
    const { arms, comparisons } = analyzeExperiment(plan(), all.slice(0, 3));
    expect(arms.map(({ seeds }) => seeds)).toEqual([[0, 1], [0], []]);
    expect(arms[2]!.passAtK).toEqual([]);
    expect(comparisons.map(({ verdict, seeds, difference }) => [verdict, seeds, difference?.estimate])).toEqual([
      ["pending", 1, 0.5],
      ["pending", 0, undefined],
    ]);
  });

  it("leaves out a task for which one side has too few scored samples", () => {
    const short = all.map((one) =>
      one.arm === "a" && one.seed === 1
        ? record(
            "a",
            1,
            [
              ["x", 4, 3],
              ["y", 0, 0],
            ],
            [100],
          )
        : one,
    );
    expect(analyzeExperiment(plan(), short).comparisons[0]).toMatchObject({ tasks: 1, difference: { estimate: 0.5 } });
  });

  it("tells unequal compute", () => {
    const dear = all.map((one) => (one.arm === "b" ? record("b", one.seed, one.evaluations["test"]!.counts, [105, 105]) : one));
    expect(analyzeExperiment(plan(), dear).comparisons[1]).toMatchObject({ isEqualCompute: false });
  });

  it("shows the k that an evaluation names, and those that are decided on", () => {
    const decision = [{ arm: "a", against: "b", evaluation: "test", k: 2, expected: "same" }];
    expect(shownKs(plan({ decision }), "test")).toEqual([1, 2, 4]);
    expect(shownKs(plan({ evaluations: { test: { dataset: "tinycode", samplesPerTask: 4, ks: [1, 4, 8] } } }), "test")).toEqual([1, 4]);
  });
});

describe("verdictOf", () => {
  it.each([
    ["higher", 0.1, [0.11, 0.2], "holds"],
    ["higher", 0.1, [0.05, 0.2], "open"],
    ["higher", 0.1, [0.02, 0.1], "fails"],
    ["higher", 0, [-0.2, -0.1], "fails"],
    ["lower", 0, [-0.2, -0.1], "holds"],
    ["lower", 0, [-0.2, 0], "open"],
    ["lower", 0, [0, 0.1], "fails"],
    ["same", 0.05, [-0.05, 0.04], "holds"],
    ["same", 0.05, [-0.06, 0.04], "open"],
    ["same", 0.05, [0.06, 0.1], "fails"],
  ] as const)("%s than %s with %j: %s", (expected, margin, interval, verdict) => {
    expect(verdictOf({ expected, margin }, interval)).toBe(verdict);
  });
});
