// Instruction tuning (DiffuCoder, arXiv 2506.20639, stage 3; Dream): masked diffusion of the response, behind a prompt that is never noised.
//   loss = mean over tokens of 1[x_j masked] / t * -log p(x_j | x_t),   t ~ U(0, 1]
// Conditional masking is phased in: at step s of the stage, the share min(1, (s + 1) / phaseInSteps) of the rows keeps its prompt clean; in
// the others, prompt and response are noised alike, as in the stages before. Padding behind the end token is learned, so that the
// model says where an answer ends.
// Differs from the paper, which gives no formula for either: 1. the share grows linearly; 2. `padding: "longest"`, its flexible padding, is
// read as what Hugging Face's tokenizers call so: rows are padded to the longest response of their batch.
import { diffusionWeights, maskTokens, stratifiedTimesteps } from "@diffucoder/diffusion";
import { int32 } from "@diffucoder/tensor";
import type { TrainingBatch } from "../batches.ts";
import type { Objective } from "../objective.ts";

/** How far responses are padded with tokens that are learned: to the completion's columns, or to the longest response of the batch. */
export type Padding = "max_length" | "longest";

/** Responses and their padding are masked with probability t, a timestep per row; prompts are clean once conditional masking is phased in. */
export function instructionTuning({
  maskTokenId,
  eps,
  phaseInSteps = 0,
  padding = "max_length",
}: {
  /** The mask token. */
  maskTokenId: number;
  /** Smallest timestep, in (0, 1]. */
  eps: number;
  /** Steps of the stage until every prompt is clean. @default 0: from the first step on */
  phaseInSteps?: number | undefined;
  /** How far responses are padded with tokens that are learned. @default "max_length" */
  padding?: Padding | undefined;
}): Objective {
  return (batch, { stageStep, random }) => {
    const { inputIds, attentionMask, batchSize, sequenceLength: length, promptLength } = batch;
    const shape = [batchSize, length];
    const conditional = phaseInSteps === 0 ? 1 : Math.min(1, (stageStep + 1) / phaseInSteps);
    const isClean = Array.from({ length: batchSize }, (_, row) => random.split("prompt", row).uniform() < conditional);
    const end = padding === "longest" ? longestRow(batch) : length;
    const seen = Int32Array.from(attentionMask, (real, i) => (i % length < end ? real : 0));
    const mayBeMasked = (i: number): number => {
      if (i % length >= promptLength) return seen[i]!;
      return !isClean[Math.floor(i / length)] && i % length > 0 ? seen[i - 1]! & seen[i]! : 0; // a token without one before it is not predicted
    };
    const eligible = int32(
      Int32Array.from(seen, (_, i) => mayBeMasked(i)),
      shape,
    );
    const timesteps = stratifiedTimesteps({ count: batchSize, random: random.split("timestep"), eps });
    const { noisy, mask } = maskTokens({ tokens: int32(inputIds, shape), timesteps, maskTokenId, eligible, random: random.split("tokens") });
    return { inputIds: noisy, attentionMask: int32(seen, shape), weights: diffusionWeights({ mask, timesteps, eligible }), attention: "full" };
  };
}

/** Column behind the longest response, its end token included. */
function longestRow({ completionMask, batchSize, sequenceLength: length, promptLength }: TrainingBatch): number {
  const ends = Array.from({ length: batchSize }, (_, row) => completionMask.subarray(row * length, (row + 1) * length).lastIndexOf(1) + 1);
  return Math.max(promptLength + 1, ...ends);
}
