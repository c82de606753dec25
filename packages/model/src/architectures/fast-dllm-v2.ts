// Fast-dLLM v2 (Efficient-Large-Model/Fast_dLLM_v2_1.5B, `modeling.py`): Qwen2.5 whose tokens see their own block and those before
// it, and whose logits predict the next token.
import type { ModelFamily } from "./family.ts";

export const fastDllmV2: ModelFamily = {
  name: "Fast_dLLM_Qwen",
  modelType: "Fast_dLLM_Qwen",
  architecture: "Fast_dLLM_QwenForCausalLM",
  isDiffusion: true,
  shift: true,
  attention: { blockLengthKey: "bd_size" },
  maskToken: "|<MASK>|",
  attentionBias: true,
  queryKeyNorm: false,
  freeHeadSize: false,
  defaults: () => ({ bd_size: 32, tie_word_embeddings: false }),
  alsoWritten: { use_cache: true, use_sliding_window: false },
};
