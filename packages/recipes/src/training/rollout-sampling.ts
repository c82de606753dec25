// How a run's rollouts are decoded: with any decoder and cache that a command can name.
import type { ModelParameters } from "@diffucoder/diffusion";
import { resolveSettings, tokenTexts } from "@diffucoder/engine";
import { cachedNetwork } from "@diffucoder/model";
import {
  createCachedDenoiser,
  createDenoiser,
  type Decoder,
  type DecodingOptions,
  DecodingOptionsSchema,
  type DisposableDenoiser,
} from "@diffucoder/samplers";
import type { DiffusionModel } from "./load-diffusion-model.ts";

/** How rollouts are decoded. The seed is the run's. */
export const RolloutSamplingSchema = DecodingOptionsSchema.omit({ seed: true });

/** A decoder, and the policy as it sees it. */
export interface RolloutSampling {
  /** Which tokens are committed when, and how they are drawn. */
  decoder: Decoder;
  /** Positions of a completion, tokens. */
  maxNewTokens: number;
  /** Makes the policy as decoders see it, with the cache of the settings. */
  denoiser: (parameters: () => ModelParameters) => DisposableDenoiser;
}

/** @throws {ConfigError} naming every option that the decoder does not use */
export function rolloutSampling(coder: DiffusionModel, settings: Omit<DecodingOptions, "seed">): RolloutSampling {
  const { config, generationConfig, logits, tokenizer, executor } = coder;
  const { maxNewTokens } = generationConfig;
  const { vocabSize, maskTokenId } = config;
  const texts = tokenTexts(tokenizer, { vocabSize, endIds: coder.endIds });
  const { decoder, cache } = resolveSettings(settings, { texts, defaults: generationConfig, maxLength: config.maxPositionEmbeddings });
  const forbiddenIds = Array.from({ length: vocabSize }, (_, id) => id).filter((id) => id === maskTokenId || !tokenizer.hasToken(id));
  return {
    decoder,
    maxNewTokens,
    denoiser: (parameters) => {
      const common = { parameters, vocabSize, maskTokenId, forbiddenIds, executor };
      return cache === undefined ? createDenoiser({ ...common, logits }) : createCachedDenoiser({ ...common, network: cachedNetwork(config), cache });
    },
  };
}
