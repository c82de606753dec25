import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filterByDifficulty, percentileOf, stdOf } from "./difficulty.ts";

describe("percentileOf", () => {
  it("interpolates as numpy does", () => {
    // numpy.percentile([1, 2, 4, 8], [0, 20, 40, 50, 75, 100])
    expect([0, 20, 40, 50, 75, 100].map((percent) => percentileOf([8, 1, 4, 2], percent))).toBeAllclose([1, 1.6, 2.4, 3, 5, 8], { atol: 1e-12 });
    expect(percentileOf([5], 40)).toBe(5);
    expect(() => percentileOf([], 40)).toThrow("values must be at least one number, got [].");
  });

  it("lies among the values, and does not fall", () => {
    const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 99 }), (list, percent) => {
        const [low, high] = [percentileOf(list, percent), percentileOf(list, percent + 1)];
        expect(low).toBeGreaterThanOrEqual(Math.min(...list));
        expect(high).toBeLessThanOrEqual(Math.max(...list));
        expect(high).toBeGreaterThanOrEqual(low);
      }),
      { seed: 4, numRuns: 100 },
    );
  });
});

describe("filterByDifficulty", () => {
  const limits = { meanPercentile: 50, stdPercentile: 40 };

  it("keeps what is hard and not hopeless, worked by hand", () => {
    expect(stdOf([0, 1])).toBe(0.5);
    // means 0, 0.25, 0.5, 1; standard deviations 0, 0.433, 0.5, 0. P50 of the means: 0.375. P40 of the deviations: 0 + 0.2 * 0.433 = 0.0866.
    const tasks = [
      { id: "hopeless", passRates: [0, 0, 0, 0] },
      { id: "hard", passRates: [0, 0, 1, 0] },
      { id: "even", passRates: [0, 1, 1, 0] },
      { id: "easy", passRates: [1, 1, 1, 1] },
    ];
    const { kept, meanLimit, stdLimit } = filterByDifficulty(tasks, limits);
    expect([...kept]).toEqual(["hard"]);
    expect([meanLimit, stdLimit]).toBeAllclose([0.375, 0.0866025], { atol: 1e-6 });
  });

  it("keeps every task that lies on both limits", () => {
    const alike = ["a", "b"].map((id) => ({ id, passRates: [0, 1] }));
    expect([...filterByDifficulty(alike, limits).kept]).toEqual(["a", "b"]);
  });

  it("refuses a task that was not judged", () => {
    expect(() => filterByDifficulty([{ id: "a", passRates: [] }], limits)).toThrow('tasks must be tasks with a pass rate each, got "a".');
  });
});
