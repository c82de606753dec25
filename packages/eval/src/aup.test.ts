import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accuracyUnderParallelism, type ParallelPoint } from "./aup.ts";

const curve = (...points: [tokensPerPass: number, percent: number][]): ParallelPoint[] =>
  points.map(([tokensPerPass, percent]) => ({ tokensPerPass, accuracy: percent / 100 }));

describe("accuracyUnderParallelism", () => {
  it("is the formula, worked by hand", () => {
    // 1 * 80 + (2 - 1) (78 e^(-3 (1 - 78/80)) + 80) / 2 + (4 - 2) (76 e^(-3 (1 - 76/80)) + 78 e^(-3 (1 - 78/80))) / 2
    //   = 80 + (78 e^-0.075 + 80) / 2 + (76 e^-0.15 + 78 e^-0.075) = 80 + 76.181980 + 137.777814
    expect(accuracyUnderParallelism(curve([1, 80], [2, 78], [4, 76]), 0.8)).toBeCloseTo(293.959794, 5);
  });

  it("holds every decoder to the best of all: a weaker one loses by exp(-3 (1 - y / y_max)), but not in its first term", () => {
    // 2 * 60 + (3 - 2) * 60 e^(-3 (1 - 60/80)) = 120 + 60 * 0.4723666
    expect(accuracyUnderParallelism(curve([2, 60], [3, 60]), 0.8)).toBeCloseTo(148.341993, 5);
    expect(accuracyUnderParallelism(curve([2, 60], [3, 60]), 0.6)).toBeCloseTo(180, 9);
  });

  it("is the first point's rectangle where there is one point", () => {
    expect(accuracyUnderParallelism(curve([2.5, 40]), 0.9)).toBeCloseTo(100, 9);
  });

  it("drops what lies more than 5 points below the first one, and joins what is left", () => {
    const whole = curve([1, 80], [2, 74.9], [4, 76], [6, 20]);
    expect(accuracyUnderParallelism(whole, 0.8)).toBeCloseTo(accuracyUnderParallelism(curve([1, 80], [4, 76]), 0.8), 9);
    expect(accuracyUnderParallelism(curve([1, 80], [2, 75]), 0.8)).toBeGreaterThan(80);
  });

  it("is 0 where nothing solves anything", () => {
    expect(accuracyUnderParallelism(curve([1, 0], [4, 0]), 0)).toBe(0);
  });

  it("depends on no order, grows with more parallelism at the same accuracy, and lies below the curve's rectangles", () => {
    const point = fc.record({ tokensPerPass: fc.double({ min: 0.1, max: 32, noNaN: true }), accuracy: fc.double({ min: 0, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 8 }), (points) => {
        const distinct = [...new Map(points.map((one) => [one.tokensPerPass, one])).values()];
        const aup = accuracyUnderParallelism(distinct, 1);
        expect(accuracyUnderParallelism(distinct.toReversed(), 1)).toBe(aup);
        expect(aup).toBeLessThanOrEqual(100 * Math.max(...distinct.map(({ tokensPerPass }) => tokensPerPass)) + 1e-9);
        const last = distinct.toSorted((a, b) => a.tokensPerPass - b.tokensPerPass).at(-1)!;
        expect(accuracyUnderParallelism([...distinct, { ...last, tokensPerPass: last.tokensPerPass + 1 }], 1)).toBeGreaterThanOrEqual(aup);
      }),
      { seed: 5, numRuns: 50 },
    );
  });

  it.each([
    [() => accuracyUnderParallelism([], 1), "curve must be at least one point, got []."],
    [() => accuracyUnderParallelism(curve([0, 50]), 1), "tokensPerPass must be a number above 0, got 0."],
    [() => accuracyUnderParallelism(curve([1, 80]), 0.7), "accuracy must be a share in [0, 0.7], the best of all decoders, got 0.8."],
    [() => accuracyUnderParallelism(curve([1, 80]), 80), "best must be a share in [0, 1], got 80."],
  ])("says what is wrong (%#)", (call, message) => {
    expect(call).toThrow(message);
  });
});
