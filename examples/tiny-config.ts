import { ModelConfigSchema } from "@diffucoder/model";

/** A network that learns within seconds, over eight words: 0 is padding and 7 the mask. */
export const tinyConfig = ModelConfigSchema.parse({
  vocabSize: 8,
  hiddenSize: 16,
  intermediateSize: 32,
  numHiddenLayers: 1,
  numAttentionHeads: 2,
  numKeyValueHeads: 2,
  maxPositionEmbeddings: 16,
  maskTokenId: 7,
  padTokenId: 0,
  eosTokenId: 0,
  bosTokenId: 0,
});

/** The word that the rewards of these examples ask for. */
export const WORD = 3;
