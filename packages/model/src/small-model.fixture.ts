import { createRandom } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { float32 } from "@diffucoder/tensor";
import { initParameters, type ModelConfig } from "./index.ts";

export const smallConfig: ModelConfig = {
  vocabSize: 13,
  hiddenSize: 16,
  intermediateSize: 24,
  numHiddenLayers: 2,
  numAttentionHeads: 4,
  numKeyValueHeads: 2,
  maxPositionEmbeddings: 32,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  initializerRange: 0.4,
  tieWordEmbeddings: false,
  maskTokenId: 12,
  padTokenId: 11,
  eosTokenId: 11,
  bosTokenId: 10,
};

/** Random weights, biases and norms included: a bias of 0 or a norm of 1 would hide mistakes. */
export function smallParameters(config: ModelConfig = smallConfig, seed = 1): ModelParameters {
  const random = createRandom(seed);
  return Object.fromEntries(
    Object.entries(initParameters({ config, random })).map(([name, array]) => {
      const noise = random.split("noise", name).fillNormal(new Float32Array(array.size));
      return [
        name,
        float32(
          Array.from(array.data, (value, i) => value + 0.2 * noise[i]!),
          array.shape,
        ),
      ];
    }),
  );
}

/** The numbers of each parameter. */
export function valuesOf(parameters: ModelParameters): Record<string, number[]> {
  return Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, [...data]]));
}
