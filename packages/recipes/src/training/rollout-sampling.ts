// How a run's rollouts are decoded: with any decoder and cache that a command can name.
import type { ModelParameters } from "@diffucoder/diffusion";
import { createDenoisers, type DiffuCoder, resolveSettings, tokenTexts } from "@diffucoder/engine";
import { modelTraits } from "@diffucoder/model";
import { type Decoder, type DecodingOptions, DecodingOptionsSchema, type DisposableDenoiser } from "@diffucoder/samplers";

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
export function rolloutSampling(coder: DiffuCoder, settings: Omit<DecodingOptions, "seed">): RolloutSampling {
  const { config, generationConfig, tokenizer, executor } = coder;
  const { isDiffusion, family } = modelTraits(config);
  const texts = tokenTexts(tokenizer, { vocabSize: config.vocabSize, endIds: coder.endIds });
  const { decoder, cache } = resolveSettings(settings, {
    source: "sampling",
    texts,
    autoregressive: isDiffusion ? undefined : family,
    defaults: generationConfig,
    maxLength: config.maxPositionEmbeddings,
  });
  return {
    decoder,
    maxNewTokens: generationConfig.maxNewTokens,
    denoiser: (parameters) => {
      const denoisers = createDenoisers(coder, parameters, executor);
      return cache === undefined ? denoisers.exact : denoisers.cached(cache);
    },
  };
}
