import type { Random } from "@diffucoder/core";
import type { NdArray } from "@diffucoder/tensor";
import type { TrainingBatch } from "./batches.ts";

/** What an objective makes of a batch. B rows of L tokens. */
export interface ObjectiveInputs {
  /** What the network sees: int32 `[B, L]`. It is to predict the batch's own tokens. */
  inputIds: NdArray;
  /** Factor of each token's cross-entropy in the loss, float32 `[B, L]`; 0 where a token does not count. */
  weights: NdArray;
  /** Which tokens see which. A mask, int32 `[L, L]` or `[B, L, L]`, has 1 where the query (row) sees the key (column). */
  attention: "full" | "causal" | NdArray;
}

/** Where a batch stands. */
export interface ObjectivePosition {
  /** Steps of the stage done before: what annealing and phasing in go by. */
  stageStep: number;
  /** A stream of the batch's own. */
  random: Random;
}

/**
 * What a stage of training wants: what a batch looks like to the network, which tokens see which, and how much each token counts.
 * A function of its arguments alone, so that a run can be resumed.
 */
export type Objective = (batch: TrainingBatch, at: ObjectivePosition) => ObjectiveInputs;
