// What a batch's loss is computed from, once an objective has said what the network sees of it.
import { type ModelParameters, scoredTokens } from "@diffucoder/diffusion";
import { int32, type NdArray } from "@diffucoder/tensor";
import type { TrainingBatch } from "./batches.ts";
import type { ObjectiveInputs } from "./objective.ts";

/** Inputs of the network and of the loss: logits are computed only where a token has a weight in it. */
export type LossInputs<Leaf> = {
  /** Parameters of the network that are not trained. */
  frozen?: Record<string, Leaf>;
  inputIds: Leaf;
  attentionMask: Leaf;
  positionIds?: Leaf;
  logitPositions: Leaf;
  targets: Leaf;
  weights: Leaf;
  attention?: Leaf;
};

/** Which tokens see which: all, those before them, or as the inputs' `attention` says. Each is a plan of its own. */
export type AttentionKind = "full" | "causal" | "given";

/** The loss's inputs for a batch, and which plan takes them. */
export function lossInputs(
  { inputIds, attentionMask, batchSize, sequenceLength }: TrainingBatch,
  { attention, weights, logitColumns, ...seen }: ObjectiveInputs,
  { shift, frozen }: { shift?: boolean | undefined; frozen?: ModelParameters | undefined },
): { kind: AttentionKind; inputs: LossInputs<NdArray> } {
  const shape = [batchSize, sequenceLength];
  const width = seen.inputIds.shape[1]!;
  const { logitPositions, ...scored } = scoredTokens({ targets: int32(inputIds, shape), weights, shift });
  const ahead = (shift ?? true) ? 1 : 0;
  const columnOf = (column: number): number => logitColumns?.[column + ahead] ?? column;
  const inputs = {
    ...(frozen && { frozen }),
    inputIds: seen.inputIds,
    attentionMask: repeated(seen.attentionMask ?? int32(attentionMask, shape), width),
    ...(seen.positionIds && { positionIds: seen.positionIds }),
    logitPositions: int32(Array.from(logitPositions.data, (at) => Math.floor(at / sequenceLength) * width + columnOf(at % sequenceLength))),
    ...scored,
  };
  return typeof attention === "string" ? { kind: attention, inputs } : { kind: "given", inputs: { ...inputs, attention } };
}

/** Rows again and again, up to a width. */
function repeated({ data, shape }: NdArray, width: number): NdArray {
  const [batch, length] = shape as [number, number];
  return int32(
    Array.from({ length: batch * width }, (_, i) => data[Math.floor(i / width) * length + ((i % width) % length)]!),
    [batch, width],
  );
}
