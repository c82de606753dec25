// Open-dCoder (fredzzp/open-dcoder-0.5B; pengzhangzhi/Open-dLLM 8b38787): Qwen2.5 without the causal mask. Its config.json is
// that of an autoregressive Qwen2; only the mask token of its tokenizer tells.
import type { ModelFamily } from "./family.ts";

export const openDcoder: ModelFamily = {
  name: "open-dcoder",
  modelType: "qwen2",
  architecture: "Qwen2ForCausalLM",
  isToldByMask: true,
  isDiffusion: true,
  shift: true,
  attention: "full",
  maskToken: "[MASK]",
  attentionBias: true,
  queryKeyNorm: false,
  freeHeadSize: false,
  defaults: () => ({ tie_word_embeddings: false }),
  alsoWritten: { use_cache: true, use_sliding_window: false },
};
