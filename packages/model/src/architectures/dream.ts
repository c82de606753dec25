// Dream 7B and DiffuCoder (`modeling_dream.py`, `configuration_dream.py`): Qwen2.5 without the causal mask.
import type { ModelFamily } from "./family.ts";

export const dream: ModelFamily = {
  name: "Dream",
  modelType: "Dream",
  architecture: "DreamModel",
  isDiffusion: true,
  shift: true,
  attention: "full",
  attentionBias: true,
  queryKeyNorm: false,
  freeHeadSize: false,
  defaults: () => ({ tie_word_embeddings: false }),
  alsoWritten: { use_cache: false, use_sliding_window: false },
};
