import { InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coupledMasks } from "./coupled-masks.ts";

const seeds = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 1, maxLength: 5 });

describe("coupledMasks", () => {
  it("is a function of each row's own seed", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 40 }), (rows, length) => {
        const together = coupledMasks({ seeds: rows, length });
        rows.forEach((seed, row) => {
          const alone = coupledMasks({ seeds: [seed], length });
          expect(together.mask.slice(row * length, (row + 1) * length)).toEqual(alone.mask);
          expect(together.ratio[row]).toBe(alone.ratio[0]);
        });
      }),
    );
  });

  it("draws ratios from the range, and masks that share of tokens", () => {
    const length = 4000;
    const { mask, ratio } = coupledMasks({ seeds: [1, 2, 3, 4, 5, 6, 7, 8], length });
    for (const [row, r] of ratio.entries()) {
      expect(r).toBeGreaterThanOrEqual(0.2);
      expect(r).toBeLessThanOrEqual(0.8);
      const share = mask.subarray(row * length, (row + 1) * length).reduce((sum, one) => sum + one, 0) / length;
      expect(Math.abs(share - r)).toBeLessThan(4 * Math.sqrt((r * (1 - r)) / length)); // four standard deviations
    }
    expect(new Set(ratio).size).toBe(8);
  });

  it("shares the first row's ratio if asked to; masks stay each row's own draws", () => {
    const length = 4000;
    const { mask, ratio } = coupledMasks({ seeds: [1, 2, 3], length, sharedRatio: true });
    const own = coupledMasks({ seeds: [1], length });
    expect([...ratio]).toEqual([own.ratio[0], own.ratio[0], own.ratio[0]]);
    expect(mask.slice(0, length)).toEqual(own.mask);
    expect(mask.slice(length, 2 * length)).not.toEqual(own.mask);
    const share = mask.subarray(length, 2 * length).reduce((sum, one) => sum + one, 0) / length;
    expect(Math.abs(share - own.ratio[0]!)).toBeLessThan(4 * Math.sqrt(0.25 / length));
  });

  it("refuses a range that reaches 0 or 1, where one of the weights would be infinite", () => {
    for (const ratioRange of [
      [0, 0.5],
      [0.5, 1],
      [0.6, 0.4],
    ] as const) {
      expect(() => coupledMasks({ seeds: [1], length: 2, ratioRange })).toThrow(InvalidArgumentError);
    }
  });
});
