// The networks that are measured. Weights and batches are drawn from a fixed seed: speed does not depend on them, and the
// peer gets the same ones.
import { createRandom } from "@diffucoder/core";
import { initParameters, logitsFunction, type ModelConfig, ModelConfigSchema } from "@diffucoder/model";
import type { LogitsFunction, ModelParameters } from "@diffucoder/diffusion";

export interface BenchModel {
  name: string;
  config: ModelConfig;
  parameters: ModelParameters;
  logits: LogitsFunction;
  batchSize: number;
  length: number;
}

interface Size {
  hiddenSize: number;
  intermediateSize: number;
  numHiddenLayers: number;
  numAttentionHeads: number;
  vocabSize: number;
  batchSize: number;
  length: number;
}

/** 17.3, 1.67, 163 and 664 million parameters, at the batches of 16 x 256, 1 x 128, 4 x 256 and 1 x 32 tokens; the last with the words and layers of Qwen2.5-0.5B. */
const sizes = {
  "17M": { hiddenSize: 384, intermediateSize: 1024, numHiddenLayers: 8, numAttentionHeads: 6, vocabSize: 4096, batchSize: 16, length: 256 },
  "1.7M": { hiddenSize: 128, intermediateSize: 512, numHiddenLayers: 4, numAttentionHeads: 4, vocabSize: 2400, batchSize: 1, length: 128 },
  "160M": { hiddenSize: 1024, intermediateSize: 2816, numHiddenLayers: 12, numAttentionHeads: 16, vocabSize: 4096, batchSize: 4, length: 256 },
  "0.5B": { hiddenSize: 896, intermediateSize: 4864, numHiddenLayers: 24, numAttentionHeads: 14, vocabSize: 151936, batchSize: 1, length: 32 },
} satisfies Record<string, Size>;

export type ModelName = keyof typeof sizes;

/** Those that every suite measures; the largest one takes minutes. */
export const modelNames = ["17M", "1.7M"] as const satisfies readonly ModelName[];

export function makeModel(name: ModelName): BenchModel {
  const { batchSize, length, ...size } = sizes[name];
  const { vocabSize } = size;
  const config = ModelConfigSchema.parse({
    ...size,
    numKeyValueHeads: size.numAttentionHeads,
    maxPositionEmbeddings: length,
    ropeTheta: 10_000,
    maskTokenId: vocabSize - 1,
    padTokenId: 0,
    eosTokenId: 0,
    bosTokenId: 0,
  });
  const parameters = initParameters({ config, random: createRandom(0) });
  return { name, config, parameters, logits: logitsFunction(config), batchSize, length };
}

export function parameterCount({ parameters }: Pick<BenchModel, "parameters">): number {
  return Object.values(parameters).reduce((sum, { size }) => sum + size, 0);
}

/**
 * Floating-point operations of a forward pass: two for each weight of a matrix and token, and the two products of
 * attention. Embedding, norms and activations are left out.
 */
export function forwardFlops({ config }: Pick<BenchModel, "config">, batchSize: number, length: number): number {
  const { hiddenSize: d, intermediateSize: f, numHiddenLayers: layers, vocabSize } = config;
  const perToken = layers * (4 * d * d + 3 * d * f) + d * vocabSize;
  return batchSize * (2 * length * perToken + layers * 4 * length * length * d);
}

/** Rows of clean tokens, masks with timesteps, as one training step reads them. */
export function makeBatch({ config, batchSize, length }: BenchModel): { inputIds: Int32Array; targets: Int32Array; weights: Float32Array } {
  const random = createRandom(1).split("batch");
  const targets = new Int32Array(batchSize * length);
  const inputIds = new Int32Array(batchSize * length);
  const weights = new Float32Array(batchSize * length);
  for (let row = 0; row < batchSize; row++) {
    const t = (row + 0.5) / batchSize;
    for (let column = 0; column < length; column++) {
      const at = row * length + column;
      const token = random.integer(0, config.maskTokenId);
      const isMasked = column > 0 && random.uniform() < t;
      targets[at] = token;
      inputIds[at] = isMasked ? config.maskTokenId : token;
      weights[at] = isMasked ? 1 / (t * batchSize * (length - 1)) : 0;
    }
  }
  return { inputIds, targets, weights };
}
