import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { passAtK } from "./pass-at-k.ts";

const samples = fc
  .integer({ min: 1, max: 60 })
  .chain((n) => fc.record({ n: fc.constant(n), c: fc.integer({ min: 0, max: n }), k: fc.integer({ min: 1, max: n }) }));

describe("passAtK", () => {
  it("is one minus the chance that k samples drawn without replacement are all wrong", () => {
    // n 4, c 2, k 2: of 6 pairs one holds no correct sample, so 1 - 1/6
    expect(passAtK({ n: 4, c: 2, k: 2 })).toBeCloseTo(5 / 6, 14);
    // n 10, c 3, k 5: 1 - C(7,5) / C(10,5) = 1 - 21/252
    expect(passAtK({ n: 10, c: 3, k: 5 })).toBeCloseTo(1 - 21 / 252, 14);
  });

  it.each([
    [10, 3, 1, 0.3],
    [10, 3, 5, 0.916666666667],
    [10, 0, 5, 0],
    [10, 10, 5, 1],
    [5, 1, 5, 1],
    [20, 4, 10, 0.956656346749],
    [200, 13, 100, 0.999919497199],
  ])("equals the estimator of HumanEval for n %d, c %d, k %d", (n, c, k, expected) => {
    expect(Math.abs(passAtK({ n, c, k }) - expected)).toBeLessThan(1e-12);
  });

  it("is c / n for one sample and 1 for n samples with any correct one", () => {
    fc.assert(
      fc.property(samples, ({ n, c }) => {
        expect(passAtK({ n, c, k: 1 })).toBeCloseTo(c / n, 12);
        expect(passAtK({ n, c, k: n })).toBe(c > 0 ? 1 : 0);
      }),
    );
  });

  it("lies in [0, 1] and falls neither with k nor with c", () => {
    fc.assert(
      fc.property(samples, ({ n, c, k }) => {
        const value = passAtK({ n, c, k });
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(passAtK({ n, c, k: Math.min(n, k + 1) })).toBeGreaterThanOrEqual(value - 1e-15);
        expect(passAtK({ n, c: Math.min(n, c + 1), k })).toBeGreaterThanOrEqual(value - 1e-15);
      }),
    );
  });

  it("says which argument is wrong", () => {
    expect(() => passAtK({ n: 4, c: 1, k: 5 })).toThrow("k must be an integer from 1 to n (4), got 5. Draw at least k samples of each task.");
    expect(() => passAtK({ n: 0, c: 0, k: 1 })).toThrow("n must be a positive integer, got 0.");
    expect(() => passAtK({ n: 4, c: 5, k: 1 })).toThrow("c must be an integer from 0 to n (4), got 5.");
  });
});
