// CoDA (SalesforceAIResearch/CoDA fa1d505, `CoDALanguageModel/modeling_coda.py`): Qwen3 without the causal mask. Its code reshapes
// heads to the hidden size, so their width is not free; it never ties the head, whatever its config class says.
import type { ModelFamily } from "./family.ts";

export const coda: ModelFamily = {
  name: "CoDA",
  modelType: "CoDA",
  architecture: "CoDALanguageModel",
  isDiffusion: true,
  shift: true,
  attention: "full",
  maskToken: "<|mask|>",
  attentionBias: false,
  queryKeyNorm: true,
  freeHeadSize: false,
  defaults: () => ({ tie_word_embeddings: false }),
  alsoWritten: { attention_bias: false, attention_kernel: "flash_attention", use_cache: true, use_sliding_window: false },
};
