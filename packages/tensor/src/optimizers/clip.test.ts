import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "../compile.ts";
import { referenceExecutor } from "../executors/reference.ts";
import { float32 } from "../nd-array.ts";
import type { Tensor } from "../tensor.ts";
import { clipByGlobalNorm } from "./clip.ts";

const clip = compile((gradient: { a: Tensor; b: Tensor }) => clipByGlobalNorm(gradient, 1), { executor: referenceExecutor });

describe("clipByGlobalNorm", () => {
  it("scales all arrays by one factor, worked by hand", async () => {
    const { clipped, norm } = await clip({ a: float32([3, 0]), b: float32([4]) });
    expect(norm.item()).toBeCloseTo(5, 6);
    expect([...clipped.a.data, ...clipped.b.data]).toBeAllclose([0.6, 0, 0.8], { atol: 1e-5 });
  });

  it("leaves small gradients and zeros as they are", async () => {
    const { clipped, norm } = await clip({ a: float32([0.3, 0]), b: float32([-0.4]) });
    expect([...clipped.a.data, ...clipped.b.data]).toBeAllclose([0.3, 0, -0.4], { atol: 1e-7 });
    expect(norm.item()).toBeCloseTo(0.5, 6);
    expect([...(await clip({ a: float32([0, 0]), b: float32([0]) })).clipped.a.data]).toEqual([0, 0]);
  });

  it("never exceeds the norm and keeps the direction", async () => {
    const value = fc.double({ min: -50, max: 50, noNaN: true });
    await fc.assert(
      fc.asyncProperty(value, value, value, async (x, y, z) => {
        const { clipped } = await clip({ a: float32([x, y]), b: float32([z]) });
        const result = [...clipped.a.data, ...clipped.b.data];
        const length = Math.hypot(x, y, z);
        expect(Math.hypot(...result)).toBeLessThanOrEqual(1 + 1e-5);
        expect(result).toBeAllclose(
          [x, y, z].map((g) => g * Math.min(1, 1 / (length + 1e-6))),
          { atol: 1e-5 },
        );
      }),
      { numRuns: 50 },
    );
  });
});
