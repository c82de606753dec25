// Qwen2 and Qwen2.5 (Transformers, `modeling_qwen2.py`): what Dream is adapted from.
import type { ModelFamily } from "./family.ts";

export const qwen2: ModelFamily = {
  name: "qwen2",
  modelType: "qwen2",
  architecture: "Qwen2ForCausalLM",
  isDiffusion: false,
  shift: true,
  attention: "causal",
  attentionBias: true,
  queryKeyNorm: false,
  freeHeadSize: false,
  defaults: () => ({ tie_word_embeddings: false }),
  alsoWritten: { use_cache: true, use_sliding_window: false },
};
