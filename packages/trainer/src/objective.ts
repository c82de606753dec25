import type { Random } from "@diffucoder/core";
import type { NdArray } from "@diffucoder/tensor";
import type { TrainingBatch } from "./batches.ts";

/** What an objective makes of a batch. B rows of L tokens. */
export interface ObjectiveInputs {
  /** What the network sees: int32 `[B, W]` with W >= L, of which the first L columns predict the batch's own tokens. */
  inputIds: NdArray;
  /** 1 for a token that is seen, 0 for padding: int32 `[B, L]`. @default the batch's */
  attentionMask?: NdArray;
  /** Their positions, int32 `[B, W]`. @default 0, 1, ..., W - 1 */
  positionIds?: NdArray;
  /** Column of `inputIds` whose logits predict each token of a row, `[L]`. @default the token's own, or with shifted logits the one before it */
  logitColumns?: Int32Array;
  /** Factor of each token's cross-entropy in the loss, float32 `[B, L]`; 0 where a token does not count. */
  weights: NdArray;
  /** Which tokens see which. A mask, int32 `[W, W]` or `[B, W, W]`, has 1 where the query (row) sees the key (column). */
  attention: "full" | "causal" | NdArray;
}

/** Where a batch stands in the run. */
export interface ObjectivePosition {
  /** Steps of the stage done before, which annealing depends on. */
  stageStep: number;
  /** A stream of the batch's own. */
  random: Random;
}

/**
 * The goal of a training stage: what the network sees of a batch, which tokens see which, and how much each token counts.
 * A function of its arguments alone, so that a run can be resumed.
 */
export type Objective = (batch: TrainingBatch, at: ObjectivePosition) => ObjectiveInputs;
