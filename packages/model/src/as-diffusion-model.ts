// An autoregressive model as the masked diffusion model that it is adapted to (DiffuLLaMA; Dream and DiffuCoder from Qwen2.5): the same
// network, read with the same shift, and a token that stands for one not yet written. Qwen2 becomes Dream; Llama too, with biases of zero;
// Qwen3 becomes CoDA.
// A mask token behind the last row of the embedding gets a row of its own, the mean of the others, as Hugging Face's
// `resize_token_embeddings` starts new ones near.
import { InvalidArgumentError } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { float32, type NdArray, zerosArray } from "@diffucoder/tensor";
import { familyOf } from "./architectures/registry.ts";
import { type AutoregressiveConfig, headSizeOf, type ModelConfig, ModelConfigSchema } from "./config.ts";
import { parameterShapes } from "./parameters.ts";

/** A masked diffusion model, and its weights. */
export interface DiffusionModelOfAutoregressive {
  /** Its config, of family Dream or CoDA. */
  config: ModelConfig;
  /** The autoregressive model's arrays, and those that it lacks. */
  parameters: ModelParameters;
}

/**
 * Reads an autoregressive model as a masked diffusion model, before it is trained as one.
 *
 * @throws {InvalidArgumentError} if no diffusion family here has its layers
 */
export function asDiffusionModel({
  config,
  parameters,
  maskTokenId,
  eosTokenId,
  padTokenId,
}: {
  /** Of family qwen2, llama or qwen3. */
  config: AutoregressiveConfig;
  /** Its weights, which the result shares. */
  parameters: Readonly<ModelParameters>;
  /** Token that stands for one not yet written: one that texts do not hold. */
  maskTokenId: number;
  /** Token that ends a text. */
  eosTokenId: number;
  /** Token that fills a canvas. */
  padTokenId: number;
}): DiffusionModelOfAutoregressive {
  const { family: _, attentionBias: _bias, headSize: _size, bosTokenId = eosTokenId, eosTokenIds, ...sizes } = config;
  const vocabSize = Math.max(config.vocabSize, maskTokenId + 1, padTokenId + 1);
  const adapted = ModelConfigSchema.parse({
    ...sizes,
    ...targetFamily(config),
    vocabSize,
    maskTokenId,
    padTokenId,
    eosTokenId,
    bosTokenId,
    ...(eosTokenIds.length > 1 && { eosTokenIds }),
  });
  const known: Record<string, NdArray> = { ...parameters };
  for (const name of ["model.embed_tokens.weight", "lm_head.weight"]) if (name in known) known[name] = withRows(known[name]!, vocabSize);
  return {
    config: adapted,
    parameters: Object.fromEntries(Object.entries(parameterShapes(adapted)).map(([name, shape]) => [name, known[name] ?? zerosArray(shape)])),
  };
}

/** The diffusion family with the same layers: Dream's, or with normed queries and keys CoDA's. */
function targetFamily(config: AutoregressiveConfig): { family?: string; attentionBias?: boolean } {
  const isWide = headSizeOf(config) !== config.hiddenSize / config.numAttentionHeads;
  if (isWide)
    throw new InvalidArgumentError({
      argument: "config.headSize",
      value: config.headSize,
      expected: `hiddenSize / numAttentionHeads (${config.hiddenSize / config.numAttentionHeads}): no diffusion family with shifted logits here has wider heads`,
    });
  return familyOf(config).queryKeyNorm ? { family: "CoDA", attentionBias: false } : {};
}

/** A table `[V, D]` with rows up to `count`; new ones are the mean of the others. */
function withRows(table: NdArray, count: number): NdArray {
  const [rows, width] = table.shape as [number, number];
  if (rows >= count) return table;
  const data = new Float32Array(count * width);
  data.set(table.data);
  const mean = Float32Array.from({ length: width }, (_, column) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += table.data[row * width + column]!;
    return sum / rows;
  });
  for (let row = rows; row < count; row++) data.set(mean, row * width);
  return float32(data, [count, width]);
}
