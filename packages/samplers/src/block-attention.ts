// Which columns a block-causal model's tokens see, row by row: their own block and those before it.
import type { BlockCausal } from "@diffucoder/diffusion";
import { int32, type NdArray } from "@diffucoder/tensor";
import type { DenoiseRequest } from "./denoiser.ts";

/** How many columns, from the first, a column sees. Blocks count from `origin`; what stands before it sees everything. */
export function visibleColumns({ blockLength }: BlockCausal, { origin, length }: { origin: number; length: number }): (column: number) => number {
  return (column) => (column < origin ? length : Math.min(length, origin + (Math.floor((column - origin) / blockLength) + 1) * blockLength));
}

/**
 * The pattern of a request's rows, and of the given ones a second time.
 *
 * @returns int32 `[rows, columns, columns]`, 1 where a query sees a key
 */
export function blockAttention(
  { batchSize, blockOrigins, unseenFrom }: DenoiseRequest,
  { blocks, again, rows, columns }: { blocks: BlockCausal; again: readonly number[]; rows: number; columns: number },
): NdArray {
  const seen = new Int32Array(rows * columns * columns);
  const sources = [...Array.from({ length: batchSize }, (_, row) => row), ...again];
  sources.forEach((row, i) => {
    const visible = visibleColumns(blocks, { origin: blockOrigins?.[row] ?? 0, length: columns });
    const unseen = unseenFrom?.[row] ?? 0;
    for (let column = 0; column < columns; column++) {
      const end = column < unseen ? Math.min(unseen, visible(column)) : visible(column);
      const at = (i * columns + column) * columns;
      seen.fill(1, at, at + end);
    }
  });
  return int32(seen, [rows, columns, columns]);
}
