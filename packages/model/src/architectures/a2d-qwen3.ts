// Qwen3 without the causal mask, adapted by dllm (ZHZisZZ/dllm ca17675, `pipelines/a2d/models`): mdlm and bd3lm checkpoints, whose
// config.json is the same.
import type { ModelFamily } from "./family.ts";

export const a2dQwen3: ModelFamily = {
  name: "a2d-qwen3",
  modelType: "a2d-qwen3",
  architecture: "A2DQwen3LMHeadModel",
  isDiffusion: true,
  shift: false,
  attention: "full",
  alsoInBlocks: true,
  maskToken: "<|mask|>",
  attentionBias: false,
  queryKeyNorm: true,
  freeHeadSize: true,
  defaults: () => ({ tie_word_embeddings: false, head_dim: 128 }),
  alsoWritten: { attention_bias: false, use_cache: true, use_sliding_window: false },
};
