// Qwen2 without the causal mask, adapted by dllm (ZHZisZZ/dllm ca17675, `pipelines/a2d/models`): mdlm and bd3lm checkpoints, whose
// config.json is the same.
import type { ModelFamily } from "./family.ts";

export const a2dQwen2: ModelFamily = {
  name: "a2d-qwen2",
  modelType: "a2d-qwen2",
  architecture: "A2DQwen2LMHeadModel",
  isDiffusion: true,
  shift: false,
  attention: "full",
  alsoInBlocks: true,
  maskToken: "<|mask|>",
  attentionBias: true,
  queryKeyNorm: false,
  freeHeadSize: false,
  defaults: () => ({ tie_word_embeddings: false }),
  alsoWritten: { use_cache: true, use_sliding_window: false },
};
