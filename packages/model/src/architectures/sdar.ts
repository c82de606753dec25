// SDAR (JetAstra/SDAR c2041a8, `modeling_sdar.py`): Qwen3 whose tokens see their own block and those before it.
import type { ModelFamily } from "./family.ts";

export const sdar: ModelFamily = {
  name: "sdar",
  modelType: "sdar",
  architecture: "SDARForCausalLM",
  isDiffusion: true,
  shift: false,
  attention: { blockLengthKey: "block_size" },
  maskToken: "<|MASK|>",
  attentionBias: false,
  queryKeyNorm: true,
  freeHeadSize: true,
  defaults: () => ({ block_size: 4, tie_word_embeddings: false, head_dim: 128 }),
  alsoWritten: { attention_bias: false, use_cache: true, use_sliding_window: false },
};
