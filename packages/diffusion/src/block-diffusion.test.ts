import { InvalidArgumentError } from "@diffucoder/core";
import { int32 } from "@diffucoder/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blockDiffusionInputs } from "./index.ts";

describe("blockDiffusionInputs", () => {
  it("puts the clean text behind the noised one, and lets a block see its clean past", () => {
    const { inputIds, positionIds, attention } = blockDiffusionInputs({
      noisy: int32([9, 2, 9, 5, 6, 9], [2, 3]),
      clean: int32([1, 2, 3, 5, 6, 7], [2, 3]),
      blockLength: 2,
    });
    expect([inputIds.shape, ...inputIds.data]).toEqual([[2, 6], 9, 2, 9, 1, 2, 3, 5, 6, 9, 5, 6, 7]);
    expect([...positionIds.data]).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
    const rows = Array.from({ length: 6 }, (_, query) => [...attention.data.subarray(query * 6, query * 6 + 6)]);
    expect(rows).toEqual([
      [1, 1, 0, 0, 0, 0],
      [1, 1, 0, 0, 0, 0],
      [0, 0, 1, 1, 1, 0],
      [0, 0, 0, 1, 1, 0],
      [0, 0, 0, 1, 1, 0],
      [0, 0, 0, 1, 1, 1],
    ]);
  });

  it("never shows a noised token the clean one at its own place or behind its block", () => {
    const sizes = fc.record({ length: fc.integer({ min: 1, max: 12 }), blockLength: fc.integer({ min: 1, max: 13 }) });
    fc.assert(
      fc.property(sizes, ({ length, blockLength }) => {
        const rows = int32(new Int32Array(length), [1, length]);
        const { attention } = blockDiffusionInputs({ noisy: rows, clean: rows, blockLength });
        for (let query = 0; query < length; query++)
          for (let key = 0; key < length; key++)
            expect(attention.data[query * 2 * length + length + key]).toBe(Math.floor(key / blockLength) < Math.floor(query / blockLength) ? 1 : 0);
      }),
    );
  });

  it("refuses a block of no length", () => {
    const rows = int32([1, 2], [1, 2]);
    expect(() => blockDiffusionInputs({ noisy: rows, clean: rows, blockLength: 0 })).toThrow(
      new InvalidArgumentError({ argument: "blockLength", value: 0, expected: "a positive integer" }),
    );
  });
});
