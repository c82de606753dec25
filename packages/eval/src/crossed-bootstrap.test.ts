import { createRandom, InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bootstrapMean } from "./bootstrap.ts";
import { bootstrapTasksAndSeeds, pairedDifferenceOverSeeds } from "./crossed-bootstrap.ts";

const random = () => createRandom(7);
const width = ([low, high]: readonly [number, number]): number => high - low;
const matrix = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 }))
  .chain(([seeds, tasks]) =>
    fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: tasks, maxLength: tasks }), { minLength: seeds, maxLength: seeds }),
  );

describe("bootstrapTasksAndSeeds", () => {
  it("resamples seeds where only they differ, worked by hand", () => {
    // Two seeds with 0 and 1 on every task: the resampled mean is 0, 1/2 or 1 with probability 1/4, 1/2, 1/4, whatever the tasks.
    const values = [
      [0, 0, 0],
      [1, 1, 1],
    ];
    expect(bootstrapTasksAndSeeds(values, { random: random() })).toEqual({ estimate: 0.5, interval95: [0, 1] });
    // Over tasks alone the mean over seeds is 1/2 everywhere, and the interval has no width.
    expect(bootstrapMean([0.5, 0.5, 0.5], { random: random() })).toEqual({ estimate: 0.5, interval95: [0.5, 0.5] });
  });

  it("resamples tasks where only they differ, as a bootstrap over tasks does", () => {
    const row = Array.from({ length: 40 }, (_, i) => (i % 5 === 0 ? 1 : 0));
    const both = bootstrapTasksAndSeeds([row, row, row], { random: random() });
    const tasks = bootstrapMean(row, { random: random() });
    expect(both.estimate).toBeCloseTo(tasks.estimate, 12);
    expect(both.interval95[0]).toBeCloseTo(tasks.interval95[0], 1);
    expect(both.interval95[1]).toBeCloseTo(tasks.interval95[1], 1);
  });

  it("has the spread of the pigeonhole bootstrap, worked by hand", () => {
    // v[s][t] = a_s + b_t with a = (0, 1), b = (0, 1): the resampled mean is mean(a*) + mean(b*), each 0, 1/2, 1 with 1/4, 1/2, 1/4.
    // Their sum is 0 with probability 1/16 and 2 with as much: more than 2.5 %, so the interval reaches both.
    const values = [
      [0, 1],
      [1, 2],
    ];
    expect(bootstrapTasksAndSeeds(values, { random: random() })).toEqual({ estimate: 1, interval95: [0, 2] });
  });

  it("is wider than over tasks alone where seeds differ", () => {
    const draw = createRandom(2);
    for (let i = 0; i < 3; i++) {
      const luck = [0.3 * draw.normal(), 0.3 * draw.normal(), 0.3 * draw.normal()];
      const values = luck.map((shift) => Array.from({ length: 60 }, () => shift + 0.3 * draw.normal()));
      const meanOverSeeds = values[0]!.map((_, task) => values.reduce((sum, row) => sum + row[task]!, 0) / 3);
      const both = bootstrapTasksAndSeeds(values, { random: random(), resamples: 1000 });
      expect(width(both.interval95)).toBeGreaterThan(width(bootstrapMean(meanOverSeeds, { random: random(), resamples: 1000 }).interval95));
    }
  });

  it("is a bootstrap over tasks with a single seed", () => {
    expect(bootstrapTasksAndSeeds([[0, 1, 1]], { random: random() })).toEqual(bootstrapMean([0, 1, 1], { random: random() }));
  });

  it("refuses what is not a table of numbers", () => {
    for (const values of [[], [[]], [[1], [1, 2]], [[1], [Number.NaN]]])
      expect(() => bootstrapTasksAndSeeds(values, { random: random() })).toThrow(InvalidArgumentError);
    expect(() => bootstrapTasksAndSeeds([[1], [1]], { random: random(), resamples: 0 })).toThrow("resamples must be a positive integer, got 0.");
  });
});

describe("pairedDifferenceOverSeeds", () => {
  it("is zero, without doubt, where both sides are equal", () => {
    fc.assert(
      fc.property(matrix, (values) => {
        expect(pairedDifferenceOverSeeds(values, values, { random: random(), resamples: 50 })).toEqual({ estimate: 0, interval95: [0, 0] });
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  it("changes its sign with the order of the sides, and holds its estimate", () => {
    fc.assert(
      fc.property(matrix, (values) => {
        const other = values.map((row) => row.map((value) => 1 - value));
        const one = pairedDifferenceOverSeeds(values, other, { random: random(), resamples: 101 });
        const two = pairedDifferenceOverSeeds(other, values, { random: random(), resamples: 101 });
        expect(one.estimate).toBeCloseTo(-two.estimate, 12);
        expect(one.interval95[0]).toBeCloseTo(-two.interval95[1], 12);
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  it("cancels what task and seed bring to both sides, worked by hand", () => {
    const before = [
      [0, 0.5],
      [0.25, 0.75],
    ];
    const after = before.map((row) => row.map((value) => value + 0.125));
    expect(pairedDifferenceOverSeeds(before, after, { random: random() })).toEqual({ estimate: 0.125, interval95: [0.125, 0.125] });
    expect(() => pairedDifferenceOverSeeds(before, [[1]], { random: random() })).toThrow(InvalidArgumentError);
  });
});
