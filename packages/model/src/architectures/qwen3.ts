// Qwen3 (Transformers, `modeling_qwen3.py`): what a2d-qwen3, CoDA and SDAR are adapted from, and what they are compared with.
import type { ModelFamily } from "./family.ts";

export const qwen3: ModelFamily = {
  name: "qwen3",
  modelType: "qwen3",
  architecture: "Qwen3ForCausalLM",
  isDiffusion: false,
  shift: true,
  attention: "causal",
  attentionBias: false,
  queryKeyNorm: true,
  freeHeadSize: true,
  defaults: () => ({ tie_word_embeddings: false, head_dim: 128 }),
  alsoWritten: { attention_bias: false, use_cache: true, use_sliding_window: false },
};
