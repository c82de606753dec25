// config.json of a Hugging Face folder, read and written.
import { ConfigError, InvalidArgumentError, parseConfig, readJsonObject } from "@diffucoder/core";
import type { z } from "zod";
import { type AutoregressiveConfig, AutoregressiveConfigSchema, type ModelConfig, ModelConfigSchema } from "./config.ts";
import type { RopeScaling } from "./rope-frequencies.ts";

/** What the fields are called in the file. */
const names: Readonly<Record<string, string>> = {
  modelType: "model_type",
  vocabSize: "vocab_size",
  hiddenSize: "hidden_size",
  intermediateSize: "intermediate_size",
  numHiddenLayers: "num_hidden_layers",
  numAttentionHeads: "num_attention_heads",
  numKeyValueHeads: "num_key_value_heads",
  maxPositionEmbeddings: "max_position_embeddings",
  ropeTheta: "rope_theta",
  ropeScaling: "rope_scaling",
  rmsNormEps: "rms_norm_eps",
  attentionBias: "attention_bias",
  initializerRange: "initializer_range",
  tieWordEmbeddings: "tie_word_embeddings",
  maskTokenId: "mask_token_id",
  padTokenId: "pad_token_id",
  eosTokenId: "eos_token_id",
  eosTokenIds: "eos_token_id",
  bosTokenId: "bos_token_id",
};

const ropeScalingNames = {
  factor: "factor",
  originalMaxPositionEmbeddings: "original_max_position_embeddings",
  lowFreqFactor: "low_freq_factor",
  highFreqFactor: "high_freq_factor",
  betaFast: "beta_fast",
  betaSlow: "beta_slow",
  attentionFactor: "attention_factor",
} as const;

/** What other keys must say, where they are there, for this transformer to be the one that was trained. */
const supported: Readonly<Record<string, readonly unknown[]>> = {
  hidden_act: ["silu"],
  use_sliding_window: [false],
  mlp_bias: [false],
  use_mrope: [false],
};

type JsonObject = Record<string, unknown>;

/**
 * Reads the `config.json` of a masked diffusion model (`model_type` `"Dream"`). Keys that are not the transformer's are
 * ignored.
 *
 * @throws {FileError} if the file cannot be read
 * @throws {ConfigError} listing, by the names in the file, what is missing, wrong or not supported
 */
export function readModelConfig(path: string): ModelConfig {
  const file = readJsonObject(path);
  return parse(path, file, ["Dream"], ModelConfigSchema, {});
}

/**
 * Reads the `config.json` of an autoregressive model: Qwen2, Qwen2.5 or Llama.
 *
 * @throws {FileError} if the file cannot be read
 * @throws {ConfigError} listing, by the names in the file, what is missing, wrong or not supported
 */
export function readAutoregressiveConfig(path: string): AutoregressiveConfig {
  const file = readJsonObject(path);
  const isLlama = file["model_type"] === "llama";
  const eos = file["eos_token_id"] ?? [];
  return parse(path, file, ["qwen2", "llama"], AutoregressiveConfigSchema, {
    modelType: file["model_type"],
    eosTokenIds: Array.isArray(eos) ? eos : [eos],
    // Old Llama files leave out what was the only choice then.
    ...(isLlama && { attentionBias: false, numKeyValueHeads: file["num_key_value_heads"] ?? file["num_attention_heads"] }),
  });
}

/** `model_type` of a config file, `undefined` if it names none. @throws {FileError} */
export function readModelType(path: string): unknown {
  return readJsonObject(path)["model_type"];
}

/** @param given fields that are not simply read under their names */
function parse<S extends z.ZodType>(path: string, file: JsonObject, types: readonly string[], schema: S, given: JsonObject): Readonly<z.output<S>> {
  const problems: string[] = [];
  const require = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  const type = file["model_type"];
  if (type === undefined) problems.push("model_type: missing");
  else require(types.includes(type as string), `model_type: only ${types.map(quote).join(" or ")} is supported here, got ${quote(type)}`);
  for (const [key, values] of Object.entries(supported)) {
    if (key in file) require(values.includes(file[key]), `${key}: only ${quote(values[0])} is supported, got ${quote(file[key])}`);
  }
  const quantized: { quant_method?: unknown } | undefined = file["quantization_config"] ?? undefined;
  require(quantized === undefined ||
    ["diffucoder-int8", "diffucoder-int4"].includes(
      quantized.quant_method as string,
    ), `quantization_config: only this package's own is supported, got ${quote(quantized?.quant_method)}`);
  // Llama's bias is one of all four projections; Qwen2 and Dream have theirs without saying so.
  const bias = file["attention_bias"];
  if (bias !== undefined) require(bias === (type !== "llama"), `attention_bias: only ${type !== "llama"} is supported, got ${quote(bias)}`);
  const { hidden_size: width, num_attention_heads: heads, head_dim: headSize } = file;
  if (headSize !== undefined && headSize !== null)
    require(headSize === Number(width) / Number(heads), `head_dim: only hidden_size / num_attention_heads is supported, got ${quote(headSize)}`);

  const rope = readRope(file, problems);
  if (type === "llama") rope.theta ??= 10_000;
  // Defaults of this package for new models must not stand in for what a checkpoint was trained with.
  require(rope.theta !== undefined, "rope_theta: missing");
  require("rms_norm_eps" in file, "rms_norm_eps: missing");

  const fields = Object.keys((schema as unknown as { shape: JsonObject }).shape);
  const read = fields.flatMap((key) => {
    const value = file[names[key] as string];
    const isThere = value !== undefined && value !== null;
    return isThere && !["attentionBias", "ropeTheta", "ropeScaling"].includes(key) ? [[key, value] as const] : [];
  });
  const data = {
    ...Object.fromEntries(read),
    ...(rope.theta !== undefined && { ropeTheta: rope.theta }),
    ...(rope.scaling !== undefined && { ropeScaling: rope.scaling }),
    ...given,
  };
  try {
    const config = parseConfig(schema, data, { source: path });
    if (problems.length === 0) return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems.map(inFileNames));
  }
  throw new ConfigError({ source: path, problems });
}

/** `rope_theta` and `rope_scaling`, or `rope_parameters`, which holds both since Transformers 5. */
function readRope(file: JsonObject, problems: string[]): { theta: unknown; scaling: unknown } {
  const given = file["rope_parameters"] ?? file["rope_scaling"] ?? {};
  if (typeof given !== "object" || Array.isArray(given)) {
    problems.push(`rope_scaling: must be an object, got ${quote(given)}`);
    return { theta: file["rope_theta"], scaling: undefined };
  }
  const { rope_type, type = rope_type, rope_theta: theta = file["rope_theta"], ...rest } = given as JsonObject;
  if (type === undefined || type === "default") {
    if (type === undefined && Object.keys(rest).length > 0) problems.push(`rope_scaling: must name its type, got ${quote(given)}`);
    return { theta, scaling: undefined };
  }
  if (!["linear", "llama3", "yarn"].includes(type as string)) {
    problems.push(`rope_scaling: only the types "linear", "llama3" and "yarn" are supported, got ${quote(type)}`);
    return { theta, scaling: undefined };
  }
  const byName = new Map<string, string>(Object.entries(ropeScalingNames).map(([key, name]) => [name, key]));
  const fields = Object.entries(rest).filter(([, value]) => value !== null);
  return { theta, scaling: { type, ...Object.fromEntries(fields.map(([name, value]) => [byName.get(name) ?? name, value])) } };
}

/** The content of `config.json` for a model. */
export function toHuggingFaceConfig(config: ModelConfig | AutoregressiveConfig, dtype: "F32" | "F16" | "BF16"): JsonObject {
  const isDream = "maskTokenId" in config;
  const modelType = isDream ? "Dream" : config.modelType;
  if ((config.attentionBias ?? true) === (modelType === "llama"))
    throw new InvalidArgumentError({
      argument: "config.attentionBias",
      value: config.attentionBias,
      expected: modelType === "llama" ? "false for a Llama model" : `true or absent for a ${modelType} model`,
    });
  const { attentionBias: _, ropeScaling, ...rest } = config;
  return {
    architectures: [{ Dream: "DreamModel", qwen2: "Qwen2ForCausalLM", llama: "LlamaForCausalLM" }[modelType]],
    model_type: modelType,
    hidden_act: "silu",
    torch_dtype: { F32: "float32", F16: "float16", BF16: "bfloat16" }[dtype],
    attention_dropout: 0,
    rope_scaling: ropeScaling === undefined ? null : ropeScalingInFile(ropeScaling),
    use_cache: !isDream,
    ...(modelType === "llama" ? { attention_bias: false, mlp_bias: false } : { use_sliding_window: false }),
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [names[key], key === "eosTokenIds" ? oneOrMany(value as number[]) : value])),
  };
}

function ropeScalingInFile({ type, ...rest }: RopeScaling): JsonObject {
  const fields = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {
    rope_type: type,
    type, // older versions of Transformers
    ...Object.fromEntries(fields.map(([key, value]) => [ropeScalingNames[key as keyof typeof ropeScalingNames], value])),
  };
}

function oneOrMany(ids: readonly number[]): number | readonly number[] | undefined {
  return ids.length > 1 ? ids : ids[0];
}

function inFileNames(problem: string): string {
  const [key = ""] = problem.split(":", 1);
  const [head = "", ...tail] = key.split(".");
  const inner = tail.map((part) => (Object.hasOwn(ropeScalingNames, part) ? ropeScalingNames[part as keyof typeof ropeScalingNames] : part));
  return Object.hasOwn(names, head) ? [names[head], ...inner].join(".") + problem.slice(key.length) : problem;
}

function quote(value: unknown): string {
  return JSON.stringify(value);
}
