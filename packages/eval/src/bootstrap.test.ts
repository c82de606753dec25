import { createRandom } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bootstrapMean, estimatePassAtK, pairedDifference } from "./bootstrap.ts";

const random = () => createRandom(7);
const rates = fc.array(
  fc.integer({ min: 0, max: 8 }).map((c) => c / 8),
  { minLength: 1, maxLength: 40 },
);

describe("bootstrapMean", () => {
  it("finds the quantiles of the resampled mean of two values", () => {
    // Means of two draws from {0, 1}: 0, 1/2, 1 with chances 1/4, 1/2, 1/4; so the 2.5 % quantile is 0, the 97.5 % one is 1.
    expect(bootstrapMean([0, 1], { random: random(), resamples: 2000 })).toEqual({ estimate: 0.5, interval95: [0, 1] });
  });

  it("is near the normal interval for many tasks", () => {
    // 400 tasks, 100 of them solved: standard error sqrt(0.25 * 0.75 / 400) = 0.02165, so 0.25 -+ 1.96 * 0.02165
    const values = Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 1 : 0));
    const { interval95 } = bootstrapMean(values, { random: random() });
    expect(interval95).toBeAllclose([0.2076, 0.2924], { atol: 0.004 });
  });

  it("contains its estimate", () => {
    fc.assert(
      fc.property(rates, (values) => {
        const { estimate, interval95 } = bootstrapMean(values, { random: random(), resamples: 400 });
        expect(interval95[0]).toBeLessThanOrEqual(estimate);
        expect(interval95[1]).toBeGreaterThanOrEqual(estimate);
      }),
    );
  });

  it("gives the same interval for the same seed and another for another", () => {
    const values = Array.from({ length: 50 }, (_, i) => (i * 7) % 11);
    const of = (seed: number) => bootstrapMean(values, { random: createRandom(seed), resamples: 300 });
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });

  it("covers the true mean about 95 % of the time", () => {
    // Tasks with pass rates of a random difficulty, 8 samples each: true mean 1/2, as of uniform().
    const stream = createRandom(11);
    const trials = 400;
    let covered = 0;
    for (let trial = 0; trial < trials; trial++) {
      const data = stream.split("data", trial);
      const values = Array.from({ length: 60 }, () => {
        const difficulty = data.uniform();
        return Array.from({ length: 8 }, () => (data.uniform() < difficulty ? 1 : 0)).reduce<number>((sum, x) => sum + x, 0) / 8;
      });
      const { interval95 } = bootstrapMean(values, { random: stream.split("bootstrap", trial), resamples: 400 });
      if (interval95[0] <= 0.5 && 0.5 <= interval95[1]) covered++;
    }
    // Standard error of the share over 400 trials: 1.1 points. Treating all samples as independent would cover about 72 %.
    expect(covered / trials).toBeGreaterThan(0.91);
    expect(covered / trials).toBeLessThan(0.98);
  });

  it("refuses no values, values that are not finite and no resamples", () => {
    expect(() => bootstrapMean([], { random: random() })).toThrow("values must be one number per task, at least one, got [].");
    expect(() => bootstrapMean([1, Number.NaN], { random: random() })).toThrow("values must be finite numbers, got [1,null].");
    expect(() => bootstrapMean([1], { random: random(), resamples: 0 })).toThrow("resamples must be a positive integer, got 0.");
  });
});

describe("estimatePassAtK", () => {
  it("is the mean over tasks, independent of their numbers of samples", () => {
    // pass@2: 5/6 for (4, 2), 0 for (3, 0), 1 for (2, 2)
    const counts = [
      { n: 4, c: 2 },
      { n: 3, c: 0 },
      { n: 2, c: 2 },
    ];
    expect(estimatePassAtK(counts, 2, { random: random() }).estimate).toBeCloseTo((5 / 6 + 0 + 1) / 3, 14);
  });

  it("refuses to estimate without tasks or from too few samples", () => {
    expect(() => estimatePassAtK([], 1, { random: random() })).toThrow("counts must be one entry per task, at least one, got [].");
    expect(() => estimatePassAtK([{ n: 2, c: 1 }], 3, { random: random() })).toThrow("k must be an integer from 1 to n (2), got 3.");
  });
});

describe("pairedDifference", () => {
  it("is the mean of the differences", () => {
    expect(pairedDifference([0, 0.5, 1], [0.5, 0.5, 0.75], { random: random() }).difference).toBeCloseTo(0.25 / 3, 14);
  });

  it("is exactly zero for equal lists, however they spread", () => {
    fc.assert(
      fc.property(rates, (values) => {
        expect(pairedDifference(values, values, { random: random(), resamples: 50 })).toEqual({ difference: 0, interval95: [0, 0] });
      }),
    );
  });

  it("changes its sign with the order of the arguments", () => {
    const before = Array.from({ length: 30 }, (_, i) => (i % 5) / 8);
    const after = Array.from({ length: 30 }, (_, i) => (i % 7) / 8);
    const there = pairedDifference(before, after, { random: random(), resamples: 1001 });
    const back = pairedDifference(after, before, { random: random(), resamples: 1001 });
    expect(back.difference).toBeCloseTo(-there.difference, 14);
    expect(back.interval95).toBeAllclose([-there.interval95[1], -there.interval95[0]], { atol: 1e-12 });
  });

  it("is narrower than the spread of the tasks where every task gains the same", () => {
    const before = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 0 : 0.75));
    const after = before.map((rate) => rate + 0.25);
    expect(pairedDifference(before, after, { random: random() })).toEqual({ difference: 0.25, interval95: [0.25, 0.25] });
  });

  it("refuses lists of different length", () => {
    expect(() => pairedDifference([0, 1], [1], { random: random() })).toThrow("after must be as long as before (2 tasks), got [1].");
  });
});
