// The masked diffusion objective (LLaDA; DiffuLLaMA, Eq. 8):
//   loss = mean over completion tokens of 1[x_j masked] / t * -log p(x_j | x_t),   t ~ U(0, 1]
// Differs from DiffuLLaMA: 1. prompts are never masked, as in the conditional masking of DiffuCoder's tuning stage; 2. a batch's
// timesteps are stratified, which keeps their distribution and lowers the variance of the loss.
import { diffusionWeights, maskTokens, stratifiedTimesteps } from "@diffucoder/diffusion";
import { int32 } from "@diffucoder/tensor";
import type { Objective } from "../objective.ts";

/** Completion tokens, including the padding after the end token, are masked with probability t, a timestep per row. */
export function diffusion({
  maskTokenId,
  eps,
}: {
  /** The mask token. */
  maskTokenId: number;
  /** Smallest timestep, in (0, 1]. */
  eps: number;
}): Objective {
  return ({ inputIds, batchSize, sequenceLength, promptLength }, { random }) => {
    const shape = [batchSize, sequenceLength];
    const isCompletion = Int32Array.from(inputIds, (_, i) => (i % sequenceLength >= promptLength ? 1 : 0));
    const eligible = int32(isCompletion, shape);
    const timesteps = stratifiedTimesteps({ count: batchSize, random: random.split("timestep"), eps });
    const { noisy, mask } = maskTokens({ tokens: int32(inputIds, shape), timesteps, maskTokenId, eligible, random: random.split("tokens") });
    return { inputIds: noisy, weights: diffusionWeights({ mask, timesteps, eligible }), attention: "full" };
  };
}
