import type { NdArray } from "@diffucoder/tensor";

/**
 * Weights by their names in Hugging Face's files, e.g. `"model.layers.0.self_attn.q_proj.weight"`: arrays, or what stands for
 * them in a traced function, `ModelParameters<Tensor>`.
 */
export type ModelParameters<T = NdArray> = Record<string, T>;
