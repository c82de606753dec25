// A transformer of two layers with random weights, for tests of decoding over a real network.
import { createRandom } from "@diffucoder/core";
import { initParameters, type ModelConfig } from "@diffucoder/model";

export const MASK = 30;
export const config: ModelConfig = {
  vocabSize: 31,
  hiddenSize: 16,
  intermediateSize: 24,
  numHiddenLayers: 2,
  numAttentionHeads: 4,
  numKeyValueHeads: 2,
  maxPositionEmbeddings: 64,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  initializerRange: 0.5,
  tieWordEmbeddings: false,
  maskTokenId: MASK,
  padTokenId: 0,
  eosTokenId: 0,
  bosTokenId: 0,
};
export const weights = initParameters({ config, random: createRandom(5) });
/** What its denoisers share. */
export const common = { parameters: () => weights, maskTokenId: MASK, vocabSize: config.vocabSize, forbiddenIds: [MASK] };
