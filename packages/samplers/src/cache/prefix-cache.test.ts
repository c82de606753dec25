import { float32 } from "@diffucoder/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BlockLayout, PrefixCache } from "./prefix-cache.ts";

const BYTES = 4; // of a token here
/** Keys and values that are the tokens themselves, so that what is found tells which tokens it is of. */
const reader = (tokens: Int32Array) => {
  const read = (from: number, end: number): Float32Array => {
    read.ranges.push([from, end]);
    return Float32Array.from(tokens.subarray(from, end));
  };
  read.ranges = [] as [number, number][];
  return read;
};
const count = (from: number, length: number): Int32Array => Int32Array.from({ length }, (_, i) => from + i);
const add = (cache: PrefixCache, tokens: Int32Array, layout: BlockLayout) => {
  const read = reader(tokens);
  cache.add(tokens, layout, read);
  return read.ranges;
};
const found = (cache: PrefixCache, tokens: Int32Array, layout: BlockLayout): number[] =>
  cache.find(tokens, layout).flatMap(({ values, length }) => {
    expect(values).toHaveLength(length);
    return [...values];
  });

const causal: BlockLayout = { blockLength: 1, before: 0 };

describe("PrefixCache", () => {
  it("finds the chunks with which two rows begin alike, and copies no chunk twice", () => {
    const cache = new PrefixCache({ maxBytes: 1000 });
    const tokens = count(0, 50);
    expect(add(cache, tokens, causal)).toEqual([
      [0, 16],
      [16, 32],
      [32, 48],
    ]);
    const other = Int32Array.from([...count(0, 40), ...count(100, 20)]);
    expect(found(cache, other, causal)).toEqual([...count(0, 32)]);
    expect(add(cache, other, causal)).toEqual([[32, 48]]);
    expect(found(cache, count(1, 50), causal)).toEqual([]);
    expect(cache.stats()).toEqual({ hits: 1, misses: 1, reusedTokens: 32, bytes: 64 * BYTES });
  });

  it("keeps blocks whole, and tells rows apart whose blocks begin elsewhere", () => {
    const cache = new PrefixCache({ maxBytes: 1000 });
    const tokens = count(0, 60);
    const [whole, cut] = [
      { blockLength: 12, before: 0 },
      { blockLength: 12, before: 5 },
    ];
    expect(add(cache, tokens, whole)).toEqual([
      [0, 24],
      [24, 48],
    ]);
    expect(found(cache, tokens, cut)).toEqual([]);
    expect(add(cache, tokens, cut)).toEqual([
      [0, 19],
      [19, 43],
    ]);
    expect(found(cache, tokens, cut)).toEqual([...count(0, 43)]);
    expect(found(cache, tokens, { blockLength: 6, before: 0 })).toEqual([]);
  });

  it("gives up what was used the longest ago, and never the beginning of what it keeps", () => {
    const cache = new PrefixCache({ maxBytes: 5 * 16 * BYTES });
    const [a, b, c] = [count(0, 48), count(100, 32), count(200, 32)];
    add(cache, a, causal);
    add(cache, b, causal);
    expect(found(cache, a, causal)).toHaveLength(48);
    add(cache, c, causal);
    expect([a, b, c].map((one) => found(cache, one, causal).length)).toEqual([48, 0, 32]);
    add(cache, count(300, 16), causal); // the end of a, which was found before c
    expect([a, c].map((one) => found(cache, one, causal).length)).toEqual([32, 32]);
    expect(cache.stats().bytes).toBe(5 * 16 * BYTES);
  });

  it("keeps the beginning of what is too long for it, and nothing with no bytes", () => {
    const cache = new PrefixCache({ maxBytes: 2 * 16 * BYTES });
    add(cache, count(0, 100), causal);
    expect(found(cache, count(0, 100), causal)).toEqual([...count(0, 32)]);
    const none = new PrefixCache({ maxBytes: 0 });
    add(none, count(0, 100), causal);
    expect(found(none, count(0, 100), causal)).toEqual([]);
    expect(() => new PrefixCache({ maxBytes: -1 })).toThrow("maxBytes must be a number of at least 0, got -1.");
  });

  it("forgets everything with other weights", () => {
    const cache = new PrefixCache({ maxBytes: 1000 });
    const weights = { a: float32([1]), b: float32([2]) };
    const number = cache.numberOf(weights);
    add(cache, count(0, 16), causal);
    expect(cache.numberOf({ ...weights })).toBe(number);
    expect(found(cache, count(0, 16), causal)).toHaveLength(16);
    expect(cache.numberOf({ ...weights, b: float32([2]) })).not.toBe(number);
    expect(found(cache, count(0, 16), causal)).toEqual([]);
    expect(cache.stats().bytes).toBe(0);
  });

  it("never finds but what was added of the same tokens in the same blocks, and never keeps more than it may", () => {
    const layouts = fc
      .record({ blockLength: fc.constantFrom(1, 3, 16), before: fc.constantFrom(0, 2) })
      .filter(({ blockLength, before }) => before < blockLength);
    // Few tokens, so that rows often begin alike.
    const rows = fc.array(fc.record({ tokens: fc.array(fc.nat(1), { maxLength: 70 }).map((some) => Int32Array.from(some)), layout: layouts }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(rows, fc.integer({ min: 0, max: 800 }), (all, maxBytes) => {
        const cache = new PrefixCache({ maxBytes });
        const added = new Set<string>();
        for (const { tokens, layout } of all) {
          const prefix = found(cache, tokens, layout);
          expect(prefix).toEqual([...tokens.subarray(0, prefix.length)]);
          if (prefix.length > 0) expect(added).toContain(JSON.stringify([layout, prefix]));
          cache.add(tokens, layout, reader(tokens));
          for (let end = 1; end <= tokens.length; end++) added.add(JSON.stringify([layout, [...tokens.subarray(0, end)]]));
          expect(cache.stats().bytes).toBeLessThanOrEqual(maxBytes);
        }
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});
