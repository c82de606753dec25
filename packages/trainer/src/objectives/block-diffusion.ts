// The block diffusion objective (BD3-LM, arXiv 2503.09573; dllm, `core/trainers/bd3lm.py`): that of masked diffusion, in which the
// tokens of a block are predicted from those of the block that are not masked and from the clean blocks before it, all blocks in one
// pass (`blockDiffusionInputs`).
// Differs from dllm's trainer: 1. timesteps are stratified, and no 1e-6 is added to them; 2. blocks count from the first column of a
// row, so a prompt of whole blocks gives answers that begin with one; 3. where logits are shifted, a block's first token is predicted by
// the last clean token of the block before, which is what decoding asks, and not by the last noised one.
import { blockDiffusionInputs, diffusionWeights, maskTokens, stratifiedTimesteps } from "@diffucoder/diffusion";
import { int32 } from "@diffucoder/tensor";
import type { Objective } from "../objective.ts";

/** Completion tokens are masked with probability t, a timestep per row, and predicted from their block and the clean ones before it. */
export function blockDiffusion({
  maskTokenId,
  eps,
  blockLength,
  shift = true,
}: {
  /** The mask token. */
  maskTokenId: number;
  /** Smallest timestep, in (0, 1]. */
  eps: number;
  /** Tokens of a block. */
  blockLength: number;
  /** Whether row i of the logits predicts token i + 1, as in Fast-dLLM v2, or token i, as in SDAR. @default true */
  shift?: boolean | undefined;
}): Objective {
  return ({ inputIds, batchSize, sequenceLength, promptLength }, { random }) => {
    const shape = [batchSize, sequenceLength];
    const clean = int32(inputIds, shape);
    const isCompletion = Int32Array.from(inputIds, (_, i) => (i % sequenceLength >= promptLength ? 1 : 0));
    const eligible = int32(isCompletion, shape);
    const timesteps = stratifiedTimesteps({ count: batchSize, random: random.split("timestep"), eps });
    const { noisy, mask } = maskTokens({ tokens: clean, timesteps, maskTokenId, eligible, random: random.split("tokens") });
    return {
      ...blockDiffusionInputs({ noisy, clean, blockLength }),
      ...(shift && { logitColumns: shiftedColumns(sequenceLength, blockLength) }),
      weights: diffusionWeights({ mask, timesteps, eligible }),
    };
  };
}

/** The column before a token: of its own block among the noised ones, else of the clean ones, which stand behind. */
function shiftedColumns(length: number, blockLength: number): Int32Array {
  return Int32Array.from({ length }, (_, column) => (column > 0 && column % blockLength === 0 ? length + column - 1 : Math.max(0, column - 1)));
}
