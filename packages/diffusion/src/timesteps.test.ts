import { createRandom } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stratifiedTimesteps } from "./timesteps.ts";

describe("stratifiedTimesteps", () => {
  it("puts one timestep in each equal part of [eps, 1) for every seed", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 20 }), (seed, count) => {
        const eps = 0.1;
        const parts = stratifiedTimesteps({ count, random: createRandom(seed), eps }).map((t) => Math.floor(((t - eps) / (1 - eps)) * count + 1e-9));
        expect(parts).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });

  it("draws each one uniformly: mean 1/2 over many seeds", () => {
    const means = Array.from({ length: 2000 }, (_, seed) => stratifiedTimesteps({ count: 1, random: createRandom(seed) })[0]!);
    // Three standard errors of a uniform number: 3 / sqrt(12 * 2000) = 0.02.
    expect(Math.abs(means.reduce((a, b) => a + b, 0) / means.length - 0.5005)).toBeLessThan(0.02);
  });

  it("refuses an eps outside (0, 1]", () => {
    expect(() => stratifiedTimesteps({ count: 1, random: createRandom(0), eps: 0 })).toThrow("eps must be a number in (0, 1], got 0.");
  });
});
