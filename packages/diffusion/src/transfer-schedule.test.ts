import { InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { timestep, transferCount, transferSchedule } from "./index.ts";

/** `[[0, 1], [1, 6]]` -> `[0, 1, 1, 1, 1, 1, 1]`. */
const runs = (pairs: [value: number, length: number][]): number[] => pairs.flatMap(([value, length]) => Array.from({ length }, () => value));

describe("the Dream schedule", () => {
  it.each<{ maskCount: number; steps: number; counts: [number, number][] }>([
    {
      maskCount: 8,
      steps: 8,
      counts: [
        [0, 1],
        [1, 6],
        [2, 1],
      ],
    },
    {
      maskCount: 16,
      steps: 16,
      counts: [
        [0, 1],
        [1, 14],
        [2, 1],
      ],
    },
    {
      maskCount: 256,
      steps: 256,
      counts: [
        [0, 1],
        [1, 254],
        [2, 1],
      ],
    },
    {
      maskCount: 512,
      steps: 512,
      counts: [
        [0, 1],
        [1, 510],
        [2, 1],
      ],
    },
    {
      maskCount: 16,
      steps: 8,
      counts: [
        [1, 1],
        [2, 6],
        [3, 1],
      ],
    },
    {
      maskCount: 256,
      steps: 128,
      counts: [
        [1, 1],
        [2, 126],
        [3, 1],
      ],
    },
    {
      maskCount: 512,
      steps: 256,
      counts: [
        [1, 1],
        [2, 254],
        [3, 1],
      ],
    },
    {
      maskCount: 256,
      steps: 64,
      counts: [
        [3, 1],
        [4, 62],
        [5, 1],
      ],
    },
    {
      maskCount: 100,
      steps: 10,
      counts: [
        [9, 1],
        [10, 8],
        [11, 1],
      ],
    },
    {
      maskCount: 20,
      steps: 7,
      counts: [
        [2, 2],
        [3, 4],
        [4, 1],
      ],
    },
    {
      maskCount: 10,
      steps: 20,
      counts: [
        [0, 11],
        [1, 8],
        [2, 1],
      ],
    },
    {
      maskCount: 10,
      steps: 2,
      counts: [
        [4, 1],
        [6, 1],
      ],
    },
    { maskCount: 10, steps: 1, counts: [[10, 1]] },
  ])("commits Dream's counts for $maskCount masks in $steps steps", ({ maskCount, steps, counts }) => {
    expect(transferSchedule({ maskCount, steps })).toEqual(runs(counts));
  });
});

describe("the even schedule", () => {
  it.each([
    { maskCount: 32, steps: 8, counts: [4, 4, 4, 4, 4, 4, 4, 4] },
    { maskCount: 10, steps: 4, counts: [3, 3, 2, 2] },
    { maskCount: 3, steps: 8, counts: [1, 1, 1, 0, 0, 0, 0, 0] },
  ])("commits LLaDA's counts for $maskCount masks in $steps steps", ({ maskCount, steps, counts }) => {
    expect(transferSchedule({ maskCount, steps, schedule: "even" })).toEqual(counts);
  });
});

const schedule = fc.constantFrom("dream" as const, "even" as const);

describe("any schedule", () => {
  it("commits every mask exactly once, never a negative number", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 1, max: 300 }), schedule, (maskCount, steps, name) => {
        const counts = transferSchedule({ maskCount, steps, schedule: name });
        expect(counts).toHaveLength(steps);
        expect(Math.min(...counts)).toBeGreaterThanOrEqual(0);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(maskCount);
      }),
    );
  });

  it("never commits more than is masked", () => {
    fc.assert(
      fc.property(fc.nat(600), fc.integer({ min: 1, max: 300 }), fc.nat(), schedule, (masked, steps, draw, name) => {
        expect(transferCount({ masked, step: draw % steps, steps, schedule: name })).toBeLessThanOrEqual(masked);
      }),
    );
  });

  it("rejects numbers out of range", () => {
    expect(() => transferSchedule({ maskCount: 8, steps: 0 })).toThrow(
      new InvalidArgumentError({ argument: "steps", value: 0, expected: "a positive integer" }),
    );
    expect(() => transferCount({ masked: -1, step: 0, steps: 4 })).toThrow("masked must be a non-negative integer, got -1.");
    expect(() => transferCount({ masked: 4, step: 4, steps: 4 })).toThrow("step must be an integer from 0 to 3, got 4.");
  });
});

describe("timestep", () => {
  it("runs from exactly 1 to eps in float32", () => {
    expect(timestep(0, 512)).toBe(1);
    expect(timestep(512, 512)).toBe(Math.fround(1e-3));
    expect(timestep(1, 2, 0.5)).toBe(0.75);
  });
});
