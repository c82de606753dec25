import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom, type Random } from "./random.ts";

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const draw = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.uniform());

describe("createRandom", () => {
  it("gives the same numbers for the same seed, today and in every later version", () => {
    // Recorded from the first version: checkpoints and reports name seeds, so these may never change.
    expect(draw(createRandom(0), 3)).toEqual([0.7054916648231173, 0.39807835782663026, 0.9679548647022228]);
    expect(createRandom(42).split("mask", 3).integer(0, 1_000_000)).toBe(632_152);
  });

  it("gives different numbers for different seeds, also above 32 bits", () => {
    fc.assert(
      fc.property(seeds, seeds, (a, b) => {
        fc.pre(a !== b);
        expect(draw(createRandom(a), 4)).not.toEqual(draw(createRandom(b), 4));
      }),
    );
    expect(createRandom(1).uniform()).not.toBe(createRandom(1 + 2 ** 32).uniform());
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])("refuses %s", (seed) => {
    expect(() => createRandom(seed)).toThrow(`seed must be a non-negative integer, got ${seed}.`);
  });
});

describe("split", () => {
  it("does not depend on what was drawn before, nor does it move what is drawn after", () => {
    fc.assert(
      fc.property(seeds, fc.nat(20), fc.string(), (seed, skip, name) => {
        const fresh = createRandom(seed);
        const used = createRandom(seed);
        draw(used, skip);
        expect(draw(used.split(name), 3)).toEqual(draw(fresh.split(name), 3));
        draw(fresh, skip);
        expect(draw(used, 3)).toEqual(draw(fresh, 3));
      }),
    );
  });

  it("gives a separate stream for every list of names", () => {
    const lists = fc.array(fc.oneof(fc.string({ maxLength: 4 }), fc.nat(20)), { maxLength: 3 });
    fc.assert(
      fc.property(seeds, lists, lists, (seed, a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b));
        expect(draw(createRandom(seed).split(...a), 4)).not.toEqual(draw(createRandom(seed).split(...b), 4));
      }),
    );
  });

  it("tells 1 from '1', 'ab' from 'a', 'b', and nests", () => {
    const root = createRandom(7);
    expect(root.split(1).uniform()).not.toBe(root.split("1").uniform());
    expect(root.split("ab").uniform()).not.toBe(root.split("a", "b").uniform());
    expect(root.split("a").split("b").uniform()).toBe(root.split("a", "b").uniform());
  });

  it("gives streams that do not follow each other", () => {
    // Correlation of the streams of neighbouring steps; 4 standard errors of 20000 pairs are 0.028.
    const [a, b] = [createRandom(5).split("step", 1), createRandom(5).split("step", 2)];
    let sum = 0;
    for (let i = 0; i < 20_000; i++) sum += (a.uniform() - 0.5) * (b.uniform() - 0.5);
    expect(Math.abs((sum / 20_000) * 12)).toBeLessThan(0.028);
  });

  it("is uniform across the first numbers of many streams", () => {
    // Rows and steps take few numbers from many streams, so this matters more than one long stream.
    const bins = new Array<number>(20).fill(0);
    const root = createRandom(11);
    for (let i = 0; i < 20_000; i++) bins[Math.floor(root.split("row", i).uniform() * 20)]! += 1;
    expect(chiSquare(bins, 1000)).toBeLessThan(43.8); // 19 degrees of freedom, p = 0.001
  });
});

describe("draws", () => {
  it("are uniform in [0, 1), in float64 and in float32", () => {
    const random = createRandom(3);
    for (const numbers of [draw(random, 50_000), [...random.fillUniform(new Float32Array(50_000))]]) {
      const bins = new Array<number>(50).fill(0);
      for (const x of numbers) bins[Math.floor(x * 50)]! += 1;
      expect(chiSquare(bins, 1000)).toBeLessThan(85.4); // 49 degrees of freedom, p = 0.001
      expect(Math.min(...numbers.slice(0, 1000))).toBeGreaterThanOrEqual(0);
      expect(Math.max(...numbers.slice(0, 1000))).toBeLessThan(1);
    }
  });

  it("are normal with mean 0 and variance 1", () => {
    const numbers = createRandom(4).fillNormal(new Float32Array(40_000));
    const moment = (power: number): number => numbers.reduce((sum, x) => sum + x ** power, 0) / numbers.length;
    expect(moment(1)).toBeCloseTo(0, 1);
    expect(moment(2)).toBeCloseTo(1, 1);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.2);
    expect(numbers.every(Number.isFinite)).toBe(true);
  });

  it("stay inside an integer's bounds and reach both", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 4 }), (seed, low, width) => {
        const random = createRandom(seed);
        const seen = new Set(Array.from({ length: 200 }, () => random.integer(low, low + width)));
        expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: width }, (_, i) => low + i));
      }),
    );
    expect(() => createRandom(0).integer(3, 3)).toThrow("high must be an integer above low (3), got 3.");
  });

  it("shuffle into a permutation and leave the list alone", () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.integer(), { maxLength: 30 }), (seed, items) => {
        const before = [...items];
        expect(
          createRandom(seed)
            .shuffle(items)
            .sort((a, b) => a - b),
        ).toEqual([...items].sort((a, b) => a - b));
        expect(items).toEqual(before);
      }),
    );
  });

  it("shuffle three items into all six orders, equally often", () => {
    const counts = new Map<string, number>();
    const random = createRandom(9);
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffle(["a", "b", "c"]).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    expect(chiSquare([...counts.values()], 1000)).toBeLessThan(20.5); // 5 degrees of freedom, p = 0.001
  });

  it("choose an element, and refuse to choose from nothing", () => {
    expect(["x", "y"]).toContain(createRandom(1).choice(["x", "y"]));
    expect(() => createRandom(1).choice([])).toThrow("items must be a non-empty list, got [].");
  });
});

function chiSquare(counts: number[], expected: number): number {
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
