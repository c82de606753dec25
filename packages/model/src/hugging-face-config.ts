// config.json of a Hugging Face folder, read and written.
import { ConfigError, InvalidArgumentError, parseConfig, readJsonObject, requireRegularFile, show as quote } from "@diffucoder/core";
import type { z } from "zod";
import { type AutoregressiveConfig, AutoregressiveConfigSchema, type ModelConfig, ModelConfigSchema } from "./config.ts";
import { switchProblems } from "./config-keys.ts";
import type { Quantization } from "./quantize.ts";
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

type JsonObject = Record<string, unknown>;

/**
 * Reads the `config.json` of a masked diffusion model (`model_type` `"Dream"`). Keys that are not the transformer's are
 * ignored.
 *
 * @throws {FileError} if the file cannot be read
 * @throws {ConfigError} listing, by the names in the file, what is missing, wrong or not supported
 */
export function readModelConfig(path: string): ModelConfig {
  const file = readConfigFile(path);
  const eos = file["eos_token_id"];
  return parse(path, file, ["Dream"], ModelConfigSchema, Array.isArray(eos) ? { eosTokenId: eos[0], eosTokenIds: eos } : {});
}

/**
 * Reads the `config.json` of an autoregressive model: Qwen2, Qwen2.5 or Llama.
 *
 * @throws {FileError} if the file cannot be read
 * @throws {ConfigError} listing, by the names in the file, what is missing, wrong or not supported
 */
export function readAutoregressiveConfig(path: string): AutoregressiveConfig {
  const file = readConfigFile(path);
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
  return readConfigFile(path)["model_type"];
}

/** What `quantization_config` says of the files, if it is this package's own. @throws {FileError} */
export function readQuantization(path: string): Quantization | undefined {
  return quantizationIn(readConfigFile(path));
}

function quantizationIn({ quantization_config: given }: JsonObject): Quantization | undefined {
  const method = typeof given === "object" && given !== null ? (given as JsonObject)["quant_method"] : undefined;
  return method === "diffucoder-int8" ? "int8" : method === "diffucoder-int4" ? "int4" : undefined;
}

/** A few kilobytes where it is honest. */
function readConfigFile(path: string): JsonObject {
  requireRegularFile(path, { maxBytes: 10_000_000 });
  return readJsonObject(path);
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
  problems.push(...switchProblems(file));
  const quantized = file["quantization_config"] ?? undefined;
  if (quantized !== undefined && quantizationIn(file) === undefined) {
    const method = typeof quantized === "object" ? (quantized as JsonObject)["quant_method"] : quantized;
    problems.push(`quantization_config: only this package's own is supported, got ${quote(method)}`);
  }
  // Llama's bias is one of all four projections; Qwen2 and Dream have theirs without saying so.
  const bias = file["attention_bias"] ?? undefined;
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
    return isThere && !["attentionBias", "ropeTheta", "ropeScaling", "eosTokenIds"].includes(key) ? [[key, value] as const] : [];
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
  const { rope_parameters: parameters, rope_scaling: old, rope_theta: own } = file;
  for (const key of contradictions(parameters, old)) problems.push(`rope_scaling.${key}: must say what rope_parameters says`);
  const given = parameters ?? old ?? {};
  if (typeof given !== "object" || Array.isArray(given)) {
    problems.push(`rope_scaling: must be an object, got ${quote(given)}`);
    return { theta: own, scaling: undefined };
  }
  const { rope_type, type = rope_type, rope_theta: theta = own ?? undefined, partial_rotary_factor: part = 1, ...rest } = given as JsonObject;
  if (part !== 1 && part !== null) problems.push(`rope_scaling.partial_rotary_factor: only 1 is supported, got ${quote(part)}`);
  if (theta !== (own ?? theta)) problems.push(`rope_theta: must be the ${quote(theta)} of rope_parameters, got ${quote(own)}`);
  if (type !== (rope_type ?? type)) problems.push(`rope_scaling.type: must be the ${quote(rope_type)} of rope_type, got ${quote(type)}`);
  const fields = Object.entries(rest).filter(([, value]) => value !== null);
  if (type === undefined || type === null || type === "default") {
    const kept = fields.filter(([name, value]) => name !== "factor" || value !== 1);
    if (kept.length > 0 && type !== "default") problems.push(`rope_scaling: must name its type, got ${quote(given)}`);
    else for (const [name] of kept) problems.push(`rope_scaling.${name}: is not of the type "default"`);
    return { theta, scaling: undefined };
  }
  if (!["linear", "llama3", "yarn"].includes(type as string)) {
    problems.push(`rope_scaling: only the types "linear", "llama3" and "yarn" are supported, got ${quote(type)}`);
    return { theta, scaling: undefined };
  }
  const byName = new Map<string, string>(Object.entries(ropeScalingNames).map(([key, name]) => [name, key]));
  return { theta, scaling: { type, ...Object.fromEntries(fields.map(([name, value]) => [byName.get(name) ?? name, value])) } };
}

/** Keys of which two objects hold different values. */
function contradictions(one: unknown, other: unknown): string[] {
  const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(one) || !isObject(other)) return [];
  return Object.keys(one).filter((key) => Object.hasOwn(other, key) && quote(one[key]) !== quote(other[key]));
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
