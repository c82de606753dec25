import { createRandom } from "@diffucoder/core";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { add, float32, type NdArray, reshape, take } from "@diffucoder/tensor";

/** Words of the toy network; the last one is the mask. */
export const VOCAB = 5;
export const MASK = 4;

/** The logits behind a word are its row of a table, plus a bias. */
export const toyLogits: LogitsFunction = ({ table, bias }, { inputIds, logitPositions }) => {
  const rows = add(reshape(take(table!, inputIds), [inputIds.shape.reduce((a, b) => a * b, 1), VOCAB]), bias!);
  return logitPositions === undefined ? rows : take(rows, logitPositions);
};

export function toyParameters(seed = 1): { table: NdArray; bias: NdArray } {
  const random = createRandom(seed);
  return {
    table: float32(
      Array.from({ length: VOCAB * VOCAB }, () => random.normal()),
      [VOCAB, VOCAB],
    ),
    bias: float32(Array.from({ length: VOCAB }, () => 0)),
  };
}

/** log p(next word | word) under the table, in plain numbers. */
export function logProbAfter({ table, bias }: { table: NdArray; bias: NdArray }, word: number, next: number): number {
  const row = Array.from({ length: VOCAB }, (_, i) => table.data[word * VOCAB + i]! + bias.data[i]!);
  return row[next]! - Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
}
