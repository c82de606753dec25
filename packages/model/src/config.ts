import { ConfigError, parseConfig, readJsonObject } from "@diffucoder/core";
import { z } from "zod";

const count = z.int().positive();
const tokenId = z.int().nonnegative();

/** Sizes and constants of a Dream/Qwen2.5 transformer. `ModelConfig` is its output. */
export const ModelConfigSchema = z
  .strictObject({
    vocabSize: count.describe("rows of the embedding, special tokens included"),
    hiddenSize: count.describe("width of the residual stream"),
    intermediateSize: count.describe("width of the SwiGLU layer"),
    numHiddenLayers: count,
    numAttentionHeads: count.describe("query heads"),
    numKeyValueHeads: count.describe("key/value heads; each serves numAttentionHeads / numKeyValueHeads query heads"),
    maxPositionEmbeddings: count.describe("longest sequence that the model is meant for; not enforced"),
    ropeTheta: z.number().positive().default(1_000_000).describe("base of the rotary frequencies"),
    rmsNormEps: z.number().positive().default(1e-6),
    initializerRange: z.number().positive().default(0.02).describe("standard deviation of new weights"),
    tieWordEmbeddings: z.boolean().default(false).describe("the head is the transpose of the embedding"),
    maskTokenId: tokenId,
    padTokenId: tokenId,
    eosTokenId: tokenId,
    bosTokenId: tokenId,
  })
  .check(({ value: config, issues }) => {
    const require = (holds: boolean, key: keyof typeof config, message: string): void => {
      if (!holds) issues.push({ code: "custom", input: config[key], path: [key], message: `${message}, got ${config[key]}` });
    };
    const { hiddenSize, numAttentionHeads, numKeyValueHeads, vocabSize } = config;
    require(hiddenSize % (2 * numAttentionHeads) === 0, "hiddenSize", `must be a multiple of twice the ${numAttentionHeads} attention heads`);
    require(numAttentionHeads % numKeyValueHeads === 0, "numKeyValueHeads", `must divide the ${numAttentionHeads} attention heads`);
    for (const key of ["maskTokenId", "padTokenId", "eosTokenId", "bosTokenId"] as const) {
      require(config[key] < vocabSize, key, `must be below vocabSize (${vocabSize})`);
    }
  });

export type ModelConfig = Readonly<z.output<typeof ModelConfigSchema>>;

/** What the fields are called in a Hugging Face `config.json`. */
const huggingFaceNames = {
  vocabSize: "vocab_size",
  hiddenSize: "hidden_size",
  intermediateSize: "intermediate_size",
  numHiddenLayers: "num_hidden_layers",
  numAttentionHeads: "num_attention_heads",
  numKeyValueHeads: "num_key_value_heads",
  maxPositionEmbeddings: "max_position_embeddings",
  ropeTheta: "rope_theta",
  rmsNormEps: "rms_norm_eps",
  initializerRange: "initializer_range",
  tieWordEmbeddings: "tie_word_embeddings",
  maskTokenId: "mask_token_id",
  padTokenId: "pad_token_id",
  eosTokenId: "eos_token_id",
  bosTokenId: "bos_token_id",
} as const satisfies Record<keyof ModelConfig, string>;

/** Defaults of this package for new models must not stand in for what a checkpoint was trained with. */
const requiredInCheckpoint = ["ropeTheta", "rmsNormEps"] as const;

/** What other keys must say, where they are there, for this transformer to be the one that was trained. */
const supported: Readonly<Record<string, readonly unknown[]>> = {
  model_type: ["Dream"],
  hidden_act: ["silu"],
  rope_scaling: [null],
  use_sliding_window: [false],
};

/**
 * Reads a Hugging Face `config.json` of a Dream model. Keys that this package does not know are ignored.
 *
 * @throws {FileError} if the file cannot be read
 * @throws {ConfigError} listing, by the names in the file, what is missing, wrong or not supported
 */
export function readModelConfig(path: string): ModelConfig {
  const file = readJsonObject(path);
  const problems: string[] = [];
  if (!("model_type" in file)) problems.push("model_type: missing");
  for (const [key, values] of Object.entries(supported)) {
    if (key in file && !values.includes(file[key]))
      problems.push(`${key}: only ${JSON.stringify(values[0])} is supported, got ${JSON.stringify(file[key])}`);
  }
  for (const key of requiredInCheckpoint) {
    if (!(huggingFaceNames[key] in file)) problems.push(`${huggingFaceNames[key]}: missing`);
  }
  const data = Object.fromEntries(Object.entries(huggingFaceNames).flatMap(([key, name]) => (name in file ? [[key, file[name]]] : [])));
  let config: ModelConfig | undefined;
  try {
    config = parseConfig(ModelConfigSchema, data, { source: path });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems.map(inHuggingFaceNames));
  }
  if (config === undefined || problems.length > 0) throw new ConfigError({ source: path, problems });
  return config;
}

/** The content of `config.json` for a model. */
export function toHuggingFaceConfig(config: ModelConfig, dtype: "F32" | "BF16"): Record<string, unknown> {
  return {
    architectures: ["DreamModel"],
    model_type: "Dream",
    hidden_act: "silu",
    torch_dtype: dtype === "F32" ? "float32" : "bfloat16",
    attention_dropout: 0,
    rope_scaling: null,
    use_cache: false,
    use_sliding_window: false,
    ...Object.fromEntries(Object.entries(huggingFaceNames).map(([key, name]) => [name, config[key as keyof ModelConfig]])),
  };
}

function inHuggingFaceNames(problem: string): string {
  const [key = ""] = problem.split(":", 1);
  return Object.hasOwn(huggingFaceNames, key) ? huggingFaceNames[key as keyof ModelConfig] + problem.slice(key.length) : problem;
}
