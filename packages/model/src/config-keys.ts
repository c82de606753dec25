// Keys of config.json that change the network, besides those that hugging-face-config.ts reads, with the values under which the
// network is the one of forward.ts. They are the switches of Hugging Face's Dream, Qwen2 and Llama and of models derived from them;
// absent and null mean that the feature is off. All other keys (training, generation, dtypes, housekeeping) do not describe the
// network and are ignored.
import { show } from "@diffucoder/core";

const off: readonly unknown[] = [false, 0];
const one: readonly unknown[] = [1];
const none: readonly unknown[] = [];

const supported: Readonly<Record<string, readonly unknown[]>> = {
  // the layer's parts
  hidden_act: ["silu", "swish"],
  hidden_activation: ["silu", "swish"],
  mlp_bias: off,
  attention_out_bias: off,
  use_qk_norm: off,
  qk_norm: off,
  qk_layernorm: off,
  qk_layer_norm: off,
  use_parallel_residual: off,
  parallel_attn: off,
  add_cross_attention: off,
  is_encoder_decoder: off,
  num_experts: off,
  num_local_experts: off,
  n_routed_experts: off,
  clip_qkv: none,
  norm_type: ["rms", "rmsnorm", "rms_norm", "RMSNorm"],
  post_norm: off,
  use_post_norm: off,
  normalize_embedding: off,
  // which tokens see which
  use_sliding_window: off,
  sliding_window_pattern: none,
  attention_chunk_size: none,
  dual_chunk_attention_config: none,
  global_attn_every_n_layers: none,
  use_mrope: off,
  // positions
  partial_rotary_factor: one,
  rotary_pct: one,
  rotary_percent: one,
  rotary_emb_fraction: one,
  rope_local_base_freq: none,
  rotary_dim: none,
  position_embedding_type: ["rope", "rotary", "absolute"], // "absolute": Hugging Face's default for every model, which none of these reads
  alibi: off,
  no_rope_layers: none,
  no_rope_layer_interval: off,
  rope_interleaved: off,
  // scales
  attn_logit_softcapping: none,
  final_logit_softcapping: none,
  logits_soft_cap: none,
  logit_softcapping: none,
  logit_soft_cap: none,
  attn_logit_softcap: none,
  final_logit_softcap: none,
  query_pre_attn_scalar: none,
  attention_multiplier: none,
  embedding_multiplier: one,
  embedding_scale: one,
  scale_embedding: off,
  mup_scale: one,
  residual_multiplier: one,
  logits_scaling: one,
  logit_scale: one,
  scale_emb: one,
  scale_depth: one,
};

/** Problems of a config file's switches, by their names there. */
export function switchProblems(file: Readonly<Record<string, unknown>>): string[] {
  const problems: string[] = [];
  for (const [key, values] of Object.entries(supported)) {
    const value = file[key] ?? undefined;
    if (value === undefined || values.includes(value) || isEmpty(value)) continue;
    const wanted = values.length === 0 ? "its absence" : show(values[0]);
    problems.push(`${key}: only ${wanted} is supported, got ${show(value)}`);
  }
  return [...problems, ...layerProblems(file)];
}

/** `layer_types` names the attention of each layer. */
function layerProblems({ layer_types: types, num_hidden_layers: layers }: Readonly<Record<string, unknown>>): string[] {
  if (types === undefined || types === null) return [];
  if (!Array.isArray(types)) return [`layer_types: must be a list, got ${show(types)}`];
  const other = types.findIndex((type) => type !== "full_attention");
  if (other >= 0) return [`layer_types: only "full_attention" is supported, got ${show(types[other])} for layer ${other}`];
  return types.length === layers ? [] : [`layer_types: must name ${show(layers)} layers, got ${types.length}`];
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
