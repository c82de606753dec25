// What estimators of masked diffusion models have in common: passes over the completion, in each of which some tokens are masked, and a
// weighted sum of the log-probabilities that they give. V passes, R readings of a token, B rows, L tokens:
//   logp_j = sum_r w_rj lp_(v_rj)(j),    v_rj the pass that reading r of token j is taken from,    0 where w_rj is 0
import { InvalidArgumentError, type Random } from "@diffucoder/core";
import {
  add,
  broadcastTo,
  concat,
  constant,
  equal,
  float32,
  int32,
  iota,
  mul,
  type NdArray,
  reshape,
  selectLogProbs,
  sum,
  type Tensor,
  where,
} from "@diffucoder/tensor";
import type { EstimatedNetwork, RolloutBatch } from "./estimator.ts";

/** How one row is estimated, by pass and token. */
export interface RowPasses {
  /** `[V][L]`, 1 where a pass masks the token. */
  masks: readonly ArrayLike<number>[];
  /** `[R][L]`, the readings of each token; all rows have as many. */
  readings: readonly {
    /** From which pass, `[L]`. */
    pass: ArrayLike<number>;
    /** How it counts, `[L]`; 0 leaves it out. */
    weight: ArrayLike<number>;
  }[];
}

/** `[length]`, 1 at so many tokens, chosen uniformly. */
export function uniformMask(masked: number, { length, random }: { length: number; random: Random }): Uint8Array {
  const mask = new Uint8Array(length);
  for (const token of random.shuffle(Array.from({ length }, (_, j) => j)).slice(0, masked)) mask[token] = 1;
  return mask;
}

/** The passes of rows that have equally many, as an estimator's draws: `mask` int32 `[V, B, L]`, `pass` int32 and `weight` float32 `[R, B, L]`. */
export function drawnPasses(rows: readonly RowPasses[]): { mask: NdArray; pass: NdArray; weight: NdArray } {
  const [passes, readings] = [rows[0]!.masks.length, rows[0]!.readings.length];
  const length = rows[0]!.masks[0]!.length;
  if (rows.some((row) => row.masks.length !== passes || row.readings.length !== readings))
    throw new InvalidArgumentError({ argument: "rows", value: rows.length, expected: "rows of equally many passes and readings" });
  const all = (count: number, of: (row: RowPasses, i: number) => ArrayLike<number>): number[] =>
    Array.from({ length: count }, (_, i) => rows.flatMap((row) => Array.from(of(row, i)))).flat();
  const shape = (count: number): number[] => [count, rows.length, length];
  return {
    mask: int32(
      all(passes, ({ masks }, i) => masks[i]!),
      shape(passes),
    ),
    pass: int32(
      all(readings, (row, i) => row.readings[i]!.pass),
      shape(readings),
    ),
    weight: float32(
      all(readings, (row, i) => row.readings[i]!.weight),
      shape(readings),
    ),
  };
}

/** The weighted sum of readings, traced. @returns `[B, L]` */
export function passesLogProbs(
  network: EstimatedNetwork,
  parameters: Readonly<Record<string, Tensor>>,
  batch: ReadBatch,
  drawn: Readonly<Record<string, Tensor>>,
): Tensor {
  const { weight } = drawn;
  return sum(where(equal(weight!, 0), 0, mul(readLogProbs(network, parameters, batch, drawn), weight!)), { axes: [0] });
}

type ReadBatch = Pick<RolloutBatch, "promptIds" | "promptMask" | "completionIds">;

/** Every reading by itself, traced: all passes as one batch, logits only where they are read. @returns `[R, B, L]` */
export function readLogProbs(
  { logits, maskTokenId, shift = true }: EstimatedNetwork,
  parameters: Readonly<Record<string, Tensor>>,
  { promptIds, promptMask, completionIds }: ReadBatch,
  { mask, pass }: Readonly<Record<string, Tensor>>,
): Tensor {
  const [batch, promptLength] = promptIds.shape as [number, number];
  const [passes, , length] = mask!.shape as [number, number, number];
  const readings = pass!.shape[0]!;
  const width = promptLength + length;
  const repeated = (x: Tensor, columns: number): Tensor =>
    reshape(broadcastTo(reshape(x, [1, batch, columns]), [passes, batch, columns]), [passes * batch, columns]);
  const isMasked = equal(reshape(mask!, [passes * batch, length]), 1);
  const completions = where(isMasked, constant(maskTokenId, "int32"), repeated(completionIds, length));
  const inputIds = concat([repeated(promptIds, promptLength), completions], 1); // [VB, P + L]
  const ones = constant(int32(new Int32Array(passes * batch * length).fill(1), [passes * batch, length]));
  const attentionMask = concat([repeated(promptMask, promptLength), ones], 1);

  // The logits for token j of row b in pass v stand at (v B + b) (P + L) + P + j, and one before with the shift.
  const rows = reshape(iota(batch), [1, batch, 1]);
  const columns = add(reshape(iota(length), [1, 1, length]), promptLength - (shift ? 1 : 0));
  const positions = add(mul(add(mul(pass!, batch), rows), width), columns); // [R, B, L]
  const scores = logits(parameters, { inputIds, attentionMask, logitPositions: reshape(positions, [readings * batch * length]) });
  const targets = reshape(broadcastTo(reshape(completionIds, [1, batch, length]), [readings, batch, length]), [readings * batch * length]);
  return reshape(selectLogProbs(scores, targets), [readings, batch, length]);
}
