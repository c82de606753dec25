// Llama 1 to 3 (Transformers, `modeling_llama.py`): no biases. Old files leave out what was the only choice then.
import type { ModelFamily } from "./family.ts";

export const llama: ModelFamily = {
  name: "llama",
  modelType: "llama",
  architecture: "LlamaForCausalLM",
  isDiffusion: false,
  shift: true,
  attention: "causal",
  attentionBias: false,
  queryKeyNorm: false,
  freeHeadSize: false,
  defaults: (file) => ({ rope_theta: 10_000, num_key_value_heads: file["num_attention_heads"], tie_word_embeddings: false }),
  alsoWritten: { use_cache: true, attention_bias: false, mlp_bias: false },
};
