// generation_config.json as Hugging Face's libraries write it: which of its keys have a setting here, which say nothing of
// decoding, and what value of the others means that they are off.
import { show } from "@diffucoder/core";

/** Settings of this package by the names of Hugging Face's. */
const sameAs: Readonly<Record<string, string>> = {
  max_new_tokens: "maxNewTokens",
  top_p: "topP",
  top_k: "topK",
  alg_temp: "algTemp",
  eos_token_id: "eosTokenIds",
};

/** Keys that change no token: they are about files, outputs, caches and how the work is done. `do_sample` is read elsewhere. */
const housekeeping = new Set(
  `transformers_version _from_model_config use_cache cache_implementation cache_config return_dict_in_generate return_legacy_cache output_attentions
  output_hidden_states output_scores output_logits output_history compile_config disable_compile prefill_chunk_size do_sample bos_token_id
  decoder_start_token_id is_assistant num_assistant_tokens num_assistant_tokens_schedule assistant_confidence_threshold`.split(/\s+/),
);

/** Values, besides `false` and null, with which a key does nothing. */
const off: Readonly<Record<string, unknown>> = {
  repetition_penalty: 1,
  encoder_repetition_penalty: 1,
  length_penalty: 1,
  diversity_penalty: 0,
  num_beams: 1,
  num_beam_groups: 1,
  num_return_sequences: 1,
  no_repeat_ngram_size: 0,
  encoder_no_repeat_ngram_size: 0,
  min_length: 0,
  min_new_tokens: 0,
  min_p: 0,
  typical_p: 1,
  epsilon_cutoff: 0,
  eta_cutoff: 0,
  guidance_scale: 1,
  top_k: 0,
};

export interface OwnSettings {
  /** By this package's names; keys that neither form knows under their own. */
  settings: Record<string, unknown>;
  /** What each setting is called in the file. */
  keyOf: ReadonlyMap<string, string>;
  /** Keys that ask for something that is not done. */
  unused: string[];
  problems: string[];
}

/**
 * @param known names of this package's settings. In a file without a key of Hugging Face's, others are left to the check of settings
 * @param tokenIds what config.json says of token ids, by the keys that both files have
 */
export function inOwnNames(
  data: Readonly<Record<string, unknown>>,
  { known, tokenIds }: { known: readonly string[]; tokenIds: Readonly<Record<string, unknown>> },
): OwnSettings {
  const settings: Record<string, unknown> = {};
  const keyOf = new Map<string, string>();
  const [unused, problems]: [string[], string[]] = [[], []];
  const isPublished = Object.keys(data).some((key) => key.includes("_"));
  for (const [key, value] of Object.entries(data)) {
    const isOff = value === null || isEmpty(value) || (Object.hasOwn(off, key) && off[key] === value);
    if (isOff || housekeeping.has(key)) continue;
    const name = Object.hasOwn(sameAs, key) ? sameAs[key]! : key;
    if (name !== key && Object.hasOwn(data, name) && JSON.stringify(ownForm(name, data[name])) !== JSON.stringify(ownForm(name, value)))
      problems.push(`${key}: must be the ${show(data[name])} of ${name}, got ${show(value)}`);
    else if (Object.hasOwn(tokenIds, key)) {
      if (tokenIds[key] !== value) unused.push(key);
    } else if (known.includes(name) || !isPublished) {
      settings[name] = name === key ? value : ownForm(name, value);
      keyOf.set(name, key);
    } else if (value !== false) unused.push(key);
  }
  return { settings, keyOf, unused, problems };
}

/** Hugging Face writes one token that ends a text without a list. */
function ownForm(name: string, value: unknown): unknown {
  return name === "eosTokenIds" && !Array.isArray(value) ? [value] : value;
}

/** An empty list of banned words, biases and the like. */
function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
