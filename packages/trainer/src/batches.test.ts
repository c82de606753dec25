import { createRandom } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EncodedExample, exampleBatches, layOutRows } from "./batches.ts";

const layout = { promptLength: 4, completionLength: 3, padTokenId: 0 };

describe("layOutRows", () => {
  it("ends prompts at one column and pads both sides, worked by hand", () => {
    const batch = layOutRows(
      [
        { promptIds: [5, 6], completionIds: [7, 8, 9] },
        { promptIds: [1, 2, 3, 4], completionIds: [7] },
      ],
      layout,
    );
    expect([...batch.inputIds]).toEqual([0, 0, 5, 6, 7, 8, 9, 1, 2, 3, 4, 7, 0, 0]);
    expect([...batch.attentionMask]).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]); // padding behind the end is part of the canvas
    expect([...batch.completionMask]).toEqual([0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0]);
    expect(batch).toMatchObject({ batchSize: 2, sequenceLength: 7, promptLength: 4 });
  });

  it("keeps every token, in its half of the row", () => {
    const ids = (maxLength: number) => fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength });
    const rows = fc.array(fc.record({ promptIds: ids(4), completionIds: ids(3) }), { maxLength: 5 });
    fc.assert(
      fc.property(rows, (examples) => {
        const batch = layOutRows(examples, layout);
        const part = (array: Int32Array, row: number, from: number, to: number): number[] => Array.from(array.subarray(row * 7 + from, row * 7 + to));
        examples.forEach(({ promptIds, completionIds }, row) => {
          const [start, end] = [4 - promptIds.length, 4 + completionIds.length];
          expect(part(batch.inputIds, row, start, end)).toEqual([...promptIds, ...completionIds]);
          expect([...part(batch.inputIds, row, 0, start), ...part(batch.inputIds, row, end, 7)].every((id) => id === layout.padTokenId)).toBe(true);
          expect(part(batch.attentionMask, row, 0, 7)).toEqual(Array.from({ length: 7 }, (_, i) => Number(i >= start)));
          expect(part(batch.completionMask, row, 0, 7)).toEqual(Array.from({ length: 7 }, (_, i) => Number(i >= 4 && i < end)));
        });
        expect(batch.inputIds).toHaveLength(examples.length * 7);
      }),
    );
  });

  it("refuses a row that does not fit, naming it", () => {
    expect(() => layOutRows([{ promptIds: [1], completionIds: [1, 2, 3, 4] }], layout)).toThrow(/Row 0 has 1 prompt and 4 completion tokens/);
  });
});

/** Some are too long for a layout of 6 and 5. */
const example = (index: number): EncodedExample => {
  const random = createRandom(1).split(index);
  const ids = (most: number): number[] => Array.from({ length: random.integer(1, most + 1) }, () => random.integer(1, 1000));
  return { promptIds: ids(8), completionIds: ids(6) };
};

describe("exampleBatches", () => {
  const batches = (batchSize: number) => exampleBatches({ example, batchSize, layout: { promptLength: 6, completionLength: 5, padTokenId: 0 } });

  it("is a function of the step: asked again, or out of order, it gives the same", () => {
    const batch = batches(3);
    const first = batch(5);
    batch(6);
    expect(batch(5)).toEqual(first);
    expect(batches(3)(5)).toEqual(first);
    expect(batch(4)).not.toEqual(first);
  });

  it("gives every example once", () => {
    const rows = (batch: ReturnType<ReturnType<typeof batches>>): string[] =>
      Array.from({ length: batch.batchSize }, (_, row) => batch.inputIds.slice(row * batch.sequenceLength, (row + 1) * batch.sequenceLength).join());
    const [small, large] = [batches(2), batches(4)];
    expect([...rows(small(0)), ...rows(small(1))]).toEqual(rows(large(0)));
  });

  it("gives up on a layout that nothing fits", () => {
    const batch = exampleBatches({ example: () => ({ promptIds: [1, 2, 3, 4, 5], completionIds: [1] }), batchSize: 1, layout });
    expect(() => batch(0)).toThrow("None of 100 examples fits 4 prompt and 3 completion tokens");
  });
});
