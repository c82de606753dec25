import type { BlockCausal } from "@diffucoder/diffusion";
import { describe, expect, it } from "vitest";
import { blockAttention, visibleColumns } from "./block-attention.ts";

const blocks: BlockCausal = { blockLength: 2 };
const request = { inputIds: new Int32Array(10), batchSize: 2, length: 5, positions: new Int32Array(), draws: [] };

describe("visibleColumns", () => {
  it("ends with a column's own block, counted from the origin", () => {
    expect([0, 1, 2, 3, 4].map(visibleColumns(blocks, { origin: 0, length: 5 }))).toEqual([2, 2, 4, 4, 5]);
    expect([0, 1, 2, 3, 4].map(visibleColumns(blocks, { origin: 1, length: 5 }))).toEqual([5, 3, 3, 5, 5]);
  });
});

describe("blockAttention", () => {
  it("is the pattern of each row, the guided ones a second time, and nothing for rows that fill up", () => {
    const { shape, data } = blockAttention({ ...request, blockOrigins: [0, 1] }, { blocks, again: [1], rows: 4, columns: 5 });
    expect(shape).toEqual([4, 5, 5]);
    const seen = (row: number): number[] =>
      [0, 1, 2, 3, 4].map((column) => data.subarray((row * 5 + column) * 5, (row * 5 + column + 1) * 5).lastIndexOf(1) + 1);
    expect([0, 1, 2, 3].map(seen)).toEqual([
      [2, 2, 4, 4, 5],
      [5, 3, 3, 5, 5],
      [5, 3, 3, 5, 5],
      [0, 0, 0, 0, 0],
    ]);
  });

  it("lets tokens before a column see nothing from it on", () => {
    const { data } = blockAttention({ ...request, batchSize: 1, unseenFrom: [3] }, { blocks, again: [], rows: 1, columns: 5 });
    const ends = [0, 1, 2, 3, 4].map((column) => data.subarray(column * 5, column * 5 + 5).lastIndexOf(1) + 1);
    expect(ends).toEqual([2, 2, 3, 4, 5]);
  });
});
