// config.json of a Hugging Face folder, read and written. What differs from family to family is in architectures/.
import { dirname } from "node:path";
import { ConfigError, InvalidArgumentError, parseConfig, readJsonObject, requireRegularFile, show as quote } from "@diffucoder/core";
import type { ModelFamily } from "./architectures/family.ts";
import { classesOf, DEFAULT_FAMILY, familyOf, familyOfFile, MODEL_FAMILIES } from "./architectures/registry.ts";
import { type AutoregressiveConfig, AutoregressiveConfigSchema, type ModelConfig, ModelConfigSchema, type TransformerConfig } from "./config.ts";
import { switchProblems } from "./config-keys.ts";
import type { Quantization } from "./quantize.ts";
import { readRope, ropeScalingInFile, ropeScalingNames } from "./rope-in-file.ts";
import { specialTokenIds } from "./special-token-ids.ts";

/** Fields that stand in the file as they are, and what they are called there. */
const plainNames: Readonly<Record<string, string>> = {
  vocabSize: "vocab_size",
  hiddenSize: "hidden_size",
  intermediateSize: "intermediate_size",
  numHiddenLayers: "num_hidden_layers",
  numAttentionHeads: "num_attention_heads",
  numKeyValueHeads: "num_key_value_heads",
  maxPositionEmbeddings: "max_position_embeddings",
  rmsNormEps: "rms_norm_eps",
  initializerRange: "initializer_range",
  tieWordEmbeddings: "tie_word_embeddings",
};

const tokenNames = { maskTokenId: "mask_token_id", padTokenId: "pad_token_id", eosTokenId: "eos_token_id", bosTokenId: "bos_token_id" } as const;

/** What every field is called in the file. */
function namesIn(family: ModelFamily): Readonly<Record<string, string>> {
  return {
    ...plainNames,
    ...tokenNames,
    eosTokenIds: "eos_token_id",
    ropeTheta: "rope_theta",
    ropeScaling: "rope_scaling",
    headSize: "head_dim",
    ...(typeof family.attention === "object" && { blockLength: family.attention.blockLengthKey }),
  };
}

type JsonObject = Record<string, unknown>;

/** As what a config.json is read. */
export interface ReadModelConfigOptions {
  /**
   * The model family, where the folder does not tell: a Qwen2 folder is a diffusion model, `"open-dcoder"`, or an autoregressive
   * one, `"qwen2"`. @default by model_type and class; of two families that share them, the diffusion model if there is a mask token
   */
  family?: string | undefined;
}

/**
 * Reads the `config.json` of a model of a known family; a diffusion model's config has a mask token. Keys that do not
 * describe the network are ignored. Special token ids that a diffusion model's file leaves out come from the tokenizer's files beside it.
 *
 * @throws {FileError} if the file cannot be read
 * @throws {InvalidArgumentError} if the file is not of the family that is asked for
 * @throws {ConfigError} listing, by the names in the file, what is missing, wrong or not supported
 */
export function readModelConfig(path: string, { family }: ReadModelConfigOptions = {}): ModelConfig | AutoregressiveConfig {
  const file = readConfigFile(path);
  return parseConfigFile({ path, file, family: family === undefined ? toldFamily(path, file) : chosenFamily(family, path, file) });
}

function toldFamily(path: string, file: JsonObject): ModelFamily | undefined {
  const told = MODEL_FAMILIES.find(({ modelType, isToldByMask }) => isToldByMask === true && modelType === file["model_type"]);
  return familyOfFile(file, { hasMaskToken: told !== undefined && specialTokenIds(dirname(path), told.maskToken).mask !== undefined });
}

function chosenFamily(name: string, path: string, { model_type: type }: JsonObject): ModelFamily {
  const ofType = MODEL_FAMILIES.filter(({ modelType }) => modelType === type);
  const found = ofType.find((family) => family.name === name);
  if (found !== undefined) return found;
  const names = (ofType.length > 0 ? ofType : MODEL_FAMILIES).map((family) => quote(family.name));
  throw new InvalidArgumentError({
    argument: "family",
    value: name,
    expected: `${names.join(" or ")} for ${path}, whose model_type is ${quote(type)}`,
  });
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

/** @param family `undefined` if none is known; what does not depend on it is then checked as of the default family, so that all of it is reported */
export function parseConfigFile({
  path,
  file,
  family: found,
}: {
  path: string;
  file: JsonObject;
  family: ModelFamily | undefined;
}): ModelConfig | AutoregressiveConfig {
  const family = found ?? DEFAULT_FAMILY;
  const problems = [
    ...(found === undefined ? [typeProblem(file)] : codeProblems(file, found)),
    ...switchProblems(file),
    ...quantizationProblems(file),
  ];
  if (found !== undefined) problems.push(...layerProblems(file, found));
  const rope = readRope(file, problems);
  const defaults = family.defaults(file);
  const valueOf = (key: string): unknown => file[key] ?? defaults[key];
  const ropeTheta = rope.theta ?? defaults["rope_theta"];
  // Defaults of this package for new models must not stand in for what a checkpoint was trained with.
  if (ropeTheta === undefined) problems.push("rope_theta: missing");
  if (!("rms_norm_eps" in file) && !("rms_norm_eps" in defaults)) problems.push("rms_norm_eps: missing");
  const names = namesIn(family);
  const blockLength = names["blockLength"] === undefined ? undefined : valueOf(names["blockLength"]);
  if (names["blockLength"] !== undefined && blockLength === undefined) problems.push(`${names["blockLength"]}: missing`);

  const data: JsonObject = {
    ...Object.fromEntries(Object.entries(plainNames).map(([field, name]) => [field, valueOf(name)])),
    ropeTheta,
    ropeScaling: rope.scaling,
    attentionBias: family.attentionBias ? undefined : false,
    headSize: family.freeHeadSize ? valueOf("head_dim") : undefined,
    queryKeyNorm: family.queryKeyNorm || undefined,
    blockLength,
    ...(family.isDiffusion ? diffusionTokens(file, { directory: dirname(path), family, problems }) : autoregressiveTokens(file)),
    family: family.name === DEFAULT_FAMILY.name ? undefined : family.name,
  };
  const given = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
  try {
    const config = parseConfig<typeof ModelConfigSchema | typeof AutoregressiveConfigSchema>(
      family.isDiffusion ? ModelConfigSchema : AutoregressiveConfigSchema,
      given,
      { source: path },
    );
    if (problems.length === 0) return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems.map((problem) => inFileNames(problem, names)));
  }
  throw new ConfigError({ source: path, problems });
}

/** An unknown family, and what of it is missing here. */
function typeProblem(file: JsonObject): string {
  const { model_type: type } = file;
  if (type === undefined) return "model_type: missing";
  const known = [...new Set(MODEL_FAMILIES.map(({ modelType }) => quote(modelType)))];
  const missing = ownCode(file) ?? (classesOf(file).length > 0 ? `the class ${quote(classesOf(file)[0])}` : undefined);
  return `model_type: only ${known.slice(0, -1).join(", ")} or ${known.at(-1)} is supported, got ${quote(type)}${missing === undefined ? "" : `, which needs ${missing}`}`;
}

/** A known type whose network is code of the folder's own: what it computes is not known, and it is not run. */
function codeProblems(file: JsonObject, { modelType }: ModelFamily): string[] {
  const code = ownCode(file);
  const known: readonly unknown[] = MODEL_FAMILIES.filter((family) => family.modelType === modelType).map(({ architecture }) => architecture);
  if (code === undefined || classesOf(file).some((name) => known.includes(name))) return [];
  return [`auto_map: needs ${code}, which is not run (trust_remote_code); of ${quote(modelType)}, ${known.map(quote).join(" and ")} are built in`];
}

/** What `auto_map` names as the model's own code. */
function ownCode({ auto_map: code }: JsonObject): string | undefined {
  if (typeof code !== "object" || code === null) return undefined;
  const model = Object.entries(code).find(([key, name]) => key.startsWith("AutoModel") && typeof name === "string");
  return model === undefined ? undefined : `its own code ${quote(model[1])}`;
}

function quantizationProblems(file: JsonObject): string[] {
  const quantized = file["quantization_config"] ?? undefined;
  if (quantized === undefined || quantizationIn(file) !== undefined) return [];
  const method = typeof quantized === "object" ? (quantized as JsonObject)["quant_method"] : quantized;
  return [`quantization_config: only this package's own is supported, got ${quote(method)}`];
}

/** Keys of the layers that a family allows one value only. Most leave them out. */
function layerProblems(file: JsonObject, { attentionBias, freeHeadSize }: ModelFamily): string[] {
  const problems: string[] = [];
  const bias = file["attention_bias"] ?? undefined;
  if (bias !== undefined && bias !== attentionBias) problems.push(`attention_bias: only ${attentionBias} is supported, got ${quote(bias)}`);
  const { hidden_size: width, num_attention_heads: heads, head_dim: given } = file;
  const headSize = given ?? undefined;
  if (!freeHeadSize && headSize !== undefined && headSize !== Number(width) / Number(heads))
    problems.push(`head_dim: only hidden_size / num_attention_heads is supported, got ${quote(headSize)}`);
  return problems;
}

function diffusionTokens(
  file: JsonObject,
  { directory, family, problems }: { directory: string; family: ModelFamily; problems: string[] },
): JsonObject {
  const isWhole = Object.values(tokenNames).every((name) => (file[name] ?? undefined) !== undefined);
  const { mask, pad, eos, bos } = isWhole ? {} : specialTokenIds(directory, family.maskToken);
  const ends = file["eos_token_id"] ?? eos;
  const maskTokenId = file["mask_token_id"] ?? mask;
  if (maskTokenId === undefined)
    problems.push(
      "mask_token_id: missing, and the tokenizer's files (tokenizer_config.json, special_tokens_map.json, added_tokens.json) name no mask token",
    );
  return {
    // An id that is missing has been told; one that the schema takes keeps it from telling so again.
    maskTokenId: maskTokenId ?? 0,
    padTokenId: file["pad_token_id"] ?? pad,
    eosTokenId: Array.isArray(ends) ? ends[0] : ends,
    bosTokenId: file["bos_token_id"] ?? bos,
    ...(Array.isArray(ends) && { eosTokenIds: ends }),
  };
}

function autoregressiveTokens(file: JsonObject): JsonObject {
  const ends = file["eos_token_id"] ?? [];
  return {
    eosTokenIds: Array.isArray(ends) ? ends : [ends],
    bosTokenId: file["bos_token_id"] ?? undefined,
    padTokenId: file["pad_token_id"] ?? undefined,
  };
}

/** The content of `config.json` for a model. */
export function toHuggingFaceConfig(config: ModelConfig | AutoregressiveConfig, dtype: "F32" | "F16" | "BF16"): JsonObject {
  const family = familyOf(config);
  checkLayers(config, family);
  const { attentionBias: _bias, queryKeyNorm: _norm, family: _family, ropeScaling, ...rest } = config;
  const names = namesIn(family);
  return {
    architectures: [family.architecture],
    model_type: family.modelType,
    hidden_act: "silu",
    torch_dtype: { F32: "float32", F16: "float16", BF16: "bfloat16" }[dtype],
    attention_dropout: 0,
    rope_scaling: ropeScaling === undefined ? null : ropeScalingInFile(ropeScaling),
    ...family.alsoWritten,
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [names[key], key === "eosTokenIds" ? oneOrMany(value as number[]) : value])),
  };
}

/** What a family fixes is not in the file: a config that differs would be read back as another network. */
function checkLayers({ attentionBias, queryKeyNorm, headSize }: TransformerConfig, family: ModelFamily): void {
  const refuse = (key: string, value: unknown, expected: string): never => {
    throw new InvalidArgumentError({ argument: `config.${key}`, value, expected: `${expected} for a ${family.name} model` });
  };
  if ((attentionBias ?? true) !== family.attentionBias) refuse("attentionBias", attentionBias, family.attentionBias ? "true or absent" : "false");
  if ((queryKeyNorm ?? false) !== family.queryKeyNorm) refuse("queryKeyNorm", queryKeyNorm, family.queryKeyNorm ? "true" : "false or absent");
  if (headSize !== undefined && !family.freeHeadSize) refuse("headSize", headSize, "absent");
}

function oneOrMany(ids: readonly number[]): number | readonly number[] | undefined {
  return ids.length > 1 ? ids : ids[0];
}

function inFileNames(problem: string, names: Readonly<Record<string, string>>): string {
  const [key = ""] = problem.split(":", 1);
  const [head = "", ...tail] = key.split(".");
  const inner = tail.map((part) => (Object.hasOwn(ropeScalingNames, part) ? ropeScalingNames[part as keyof typeof ropeScalingNames] : part));
  return Object.hasOwn(names, head) ? [names[head], ...inner].join(".") + problem.slice(key.length) : problem;
}
