// Rollouts as a function of (weights, seed, step, row, prompt): what makes it possible to sample them anywhere, and to check them.
import { createRandom } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import type { DiffuCoder } from "@diffucoder/engine";
import { type DecodingOptions, generate } from "@diffucoder/samplers";
import { rolloutSampling } from "../training/rollout-sampling.ts";
import type { RolloutJob } from "./messages.ts";

/** Samples rows as the stage of coupled-GRPO would, with the streams that it splits for a step. */
export function rowSampler(coder: DiffuCoder, { seed, sampling }: { seed: number; sampling: Omit<DecodingOptions, "seed"> }) {
  let parameters: ModelParameters = coder.parameters;
  const { decoder, maxNewTokens, denoiser: denoiserOf } = rolloutSampling(coder, sampling);
  const denoiser = denoiserOf(() => parameters);
  const { promptLength } = coder.generationConfig;
  return {
    sample: async (weights: ModelParameters, { step, firstRow, promptIds }: Omit<RolloutJob, "weights">) => {
      parameters = weights;
      const stream = createRandom(seed).split("coupled-grpo").split("rollout", step).split("sample");
      const random = promptIds.map((_, row) => stream.split("row", firstRow + row));
      const { padTokenId, endIds } = coder;
      return generate({ denoiser, decoder, promptIds, maxNewTokens, random, padTokenId, promptLength, eosTokenIds: [...endIds] });
    },
    dispose: () => denoiser.dispose(),
  };
}
