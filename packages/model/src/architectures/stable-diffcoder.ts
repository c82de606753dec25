// Stable-DiffCoder (ByteDance-Seed/Stable-DiffCoder-8B-Instruct, `modeling_stable_diffcoder.py`): Llama whose tokens see their own
// block and those before it.
import type { ModelFamily } from "./family.ts";

export const stableDiffcoder: ModelFamily = {
  name: "stable-diffcoder",
  modelType: "llama",
  architecture: "StableDiffcoderForCausalLM",
  isDiffusion: true,
  shift: false,
  attention: { blockLengthKey: "block_length" },
  maskToken: "<[MASK_TOKEN]>",
  attentionBias: false,
  queryKeyNorm: false,
  freeHeadSize: false,
  defaults: () => ({ block_length: 4, rope_theta: 500_000, tie_word_embeddings: false }),
  alsoWritten: { use_cache: true, attention_bias: false, mlp_bias: false },
};
