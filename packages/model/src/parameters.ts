import type { Random } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { type Shape, sizeOf, zerosArray } from "@diffucoder/tensor";
import { headSizeOf, type TransformerConfig } from "./config.ts";

/** Name and shape of every parameter, in the order in which Hugging Face lists them. Weights of linear layers are `[out, in]`. */
export function parameterShapes(config: TransformerConfig): Record<string, Shape> {
  const { vocabSize, hiddenSize, intermediateSize, numHiddenLayers, numAttentionHeads, numKeyValueHeads, tieWordEmbeddings } = config;
  const headSize = headSizeOf(config);
  const querySize = headSize * numAttentionHeads;
  const keyValueSize = headSize * numKeyValueHeads;
  const shapes: Record<string, Shape> = { "model.embed_tokens.weight": [vocabSize, hiddenSize] };
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    const prefix = `model.layers.${layer}`;
    for (const [name, size] of [
      ["q_proj", querySize],
      ["k_proj", keyValueSize],
      ["v_proj", keyValueSize],
    ] as const) {
      shapes[`${prefix}.self_attn.${name}.weight`] = [size, hiddenSize];
      if (config.attentionBias ?? true) shapes[`${prefix}.self_attn.${name}.bias`] = [size];
    }
    shapes[`${prefix}.self_attn.o_proj.weight`] = [hiddenSize, querySize];
    if (config.queryKeyNorm === true) for (const name of ["q_norm", "k_norm"]) shapes[`${prefix}.self_attn.${name}.weight`] = [headSize];
    shapes[`${prefix}.mlp.gate_proj.weight`] = [intermediateSize, hiddenSize];
    shapes[`${prefix}.mlp.up_proj.weight`] = [intermediateSize, hiddenSize];
    shapes[`${prefix}.mlp.down_proj.weight`] = [hiddenSize, intermediateSize];
    shapes[`${prefix}.input_layernorm.weight`] = [hiddenSize];
    shapes[`${prefix}.post_attention_layernorm.weight`] = [hiddenSize];
  }
  shapes["model.norm.weight"] = [hiddenSize];
  if (!tieWordEmbeddings) shapes["lm_head.weight"] = [vocabSize, hiddenSize];
  return shapes;
}

/** Number of weights of a model; a tied head counts once. */
export function parameterCount(config: TransformerConfig): number {
  return Object.values(parameterShapes(config)).reduce((total, shape) => total + sizeOf(shape), 0);
}

/**
 * New weights as Dream initialises them: matrices from N(0, `initializerRange`^2), norms 1, biases 0.
 * Each parameter draws from its own stream, so a deeper model starts with the same first layers.
 */
export function initParameters({
  config,
  random,
}: {
  /** Sizes of the model, and the standard deviation of its matrices. */
  config: TransformerConfig;
  /** Stream of the weights, which is split by parameter name. */
  random: Random;
}): ModelParameters {
  return Object.fromEntries(
    Object.entries(parameterShapes(config)).map(([name, shape]) => {
      const array = zerosArray(shape);
      const data = array.data as Float32Array;
      if (name.endsWith("norm.weight")) data.fill(1);
      else if (!name.endsWith(".bias")) {
        random.split(name).fillNormal(data);
        for (let i = 0; i < data.length; i++) data[i] = data[i]! * config.initializerRange;
      }
      return [name, array];
    }),
  );
}
