import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aboveThreshold, hierarchical, withinEntropyBound, withinFactor } from "./parallel.ts";

const probabilities = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 });

describe("aboveThreshold", () => {
  it("takes what reaches the threshold, and the surest in any case", () => {
    expect(aboveThreshold([0.5, 0.95, 0.9, 0.89], 0.9)).toEqual([1, 2]);
    expect(aboveThreshold([0.3, 0.4, 0.2], 0.9)).toEqual([1]);
  });

  it("takes one at threshold 1, unless others are certain too", () => {
    fc.assert(fc.property(probabilities, (c) => aboveThreshold(c, 1).length === Math.max(1, c.filter((p) => p === 1).length)));
  });
});

describe("withinFactor", () => {
  it.each([
    [[0.99, 0.95, 0.9, 0.5], 3],
    [[0.3, 0.2], 1],
    [[0.99, 0.98, 0.97, 0.96], 4],
    [[0.99, 0.7, 0.7, 0.7], 2],
    [[0.5], 1],
  ])("takes of %j the %i surest, as the paper's rule says", (confidence, count) => {
    expect(withinFactor(confidence, 1)).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  it("takes the largest number for which the rule holds", () => {
    fc.assert(
      fc.property(probabilities, fc.double({ min: 0.1, max: 3, noNaN: true }), (c, factor) => {
        const sorted = [...c].sort((a, b) => b - a);
        const holding = sorted.flatMap((p, i) => ((i + 2) * (1 - p) < factor ? [i + 1] : []));
        expect(withinFactor(c, factor)).toHaveLength(Math.max(1, ...holding));
      }),
    );
  });
});

describe("withinEntropyBound", () => {
  it("takes the longest run whose entropies without the largest stay within the bound", () => {
    // Rising: 0.125, 0.25, 0.5, 0.75. Without the largest: 0, 0.125, 0.375, 0.875.
    const entropy = [0.75, 0.125, 0.5, 0.25];
    expect(withinEntropyBound(entropy, 0)).toEqual([1]);
    expect(withinEntropyBound(entropy, 0.375)).toEqual([1, 3, 2]);
    expect(withinEntropyBound(entropy, 0.875)).toEqual([1, 3, 2, 0]);
  });

  it("takes all certain tokens at bound 0, and the next", () => {
    expect(withinEntropyBound([0, 0, 0.7, 0.8], 0)).toEqual([0, 1, 2]);
  });
});

describe("hierarchical", () => {
  it("takes the surest of each run if it is sure enough, and all that are very sure", () => {
    const columns = [3, 4, 5, 8, 9, 12];
    const confidence = [0.6, 0.95, 0.92, 0.4, 0.7, 0.3];
    expect(hierarchical({ columns, confidence }, { threshold: 0.9, lowThreshold: 0.5 })).toEqual([1, 2, 4]);
    expect(hierarchical({ columns, confidence: [0, 0.1, 0, 0, 0, 0] }, { threshold: 0.9, lowThreshold: 0.5 })).toEqual([1]);
  });
});
