// The next-token objective:  loss = mean over completion tokens of -log p(x_j | x_<j)
// The logits are read with the shift of the diffusion objective, position j - 1 predicting token j, so that one continues where the
// other stopped.
import { nextTokenWeights } from "@diffucoder/diffusion";
import { int32 } from "@diffucoder/tensor";
import type { Objective } from "../objective.ts";

/** Every token through the end token is a target, and the network sees the clean text from left to right. */
export function autoregressive(): Objective {
  return ({ inputIds, completionMask, batchSize, sequenceLength }) => {
    const shape = [batchSize, sequenceLength];
    return { inputIds: int32(inputIds, shape), weights: nextTokenWeights(int32(completionMask, shape)), attention: "causal" };
  };
}
