import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alphaSchedule, type AlphaSchedulerName } from "./index.ts";

interface Golden {
  scheduler: AlphaSchedulerName;
  masks: number;
  steps: number;
  counts: number[];
}
const golden = JSON.parse(readFileSync(new URL("../../model/fixtures/a2d-qwen2/schedule.json", import.meta.url), "utf8")) as Golden[];

describe("alphaSchedule", () => {
  it("rounds the share of each step, half to even, and leaves out steps without a token", () => {
    // 6 (1 - 3/4) = 1.5 -> 2; 4 (1 - 2/3) = 1.33 -> 1; 3 (1 - 1/2) = 1.5 -> 2; the last step takes the rest.
    expect(alphaSchedule({ maskCount: 6, steps: 4 })).toEqual([2, 1, 2, 1]);
    expect(alphaSchedule({ maskCount: 2, steps: 5 })).toEqual([1, 1]);
    expect(alphaSchedule({ maskCount: 0, steps: 3 })).toEqual([]);
  });

  it("reveals what dllm reveals", () => {
    expect(golden).toHaveLength(216);
    for (const { scheduler, masks: maskCount, steps, counts } of golden) expect(alphaSchedule({ scheduler, maskCount, steps })).toEqual(counts);
  });

  it("reveals every mask once, for all sizes", () => {
    const sizes = fc.record({
      maskCount: fc.nat(300),
      steps: fc.integer({ min: 1, max: 300 }),
      scheduler: fc.constantFrom("linear" as const, "cosine" as const),
    });
    fc.assert(
      fc.property(sizes, (options) => {
        const counts = alphaSchedule(options);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(options.maskCount);
        expect(counts.length).toBeLessThanOrEqual(options.steps);
        expect(Math.min(1, ...counts)).toBe(1);
      }),
    );
  });

  it("refuses sizes that are none", () => {
    expect(() => alphaSchedule({ maskCount: -1, steps: 2 })).toThrow(
      new InvalidArgumentError({ argument: "maskCount", value: -1, expected: "a non-negative integer" }),
    );
    expect(() => alphaSchedule({ maskCount: 1, steps: 0 })).toThrow(
      new InvalidArgumentError({ argument: "steps", value: 0, expected: "a positive integer" }),
    );
  });
});
