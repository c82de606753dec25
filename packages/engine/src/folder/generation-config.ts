import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, folderFile, parseConfig, readJsonObject } from "@diffucoder/core";
import { DECODER_NAMES, type DecoderName, MODEL_OPTIONS, readsOption } from "@diffucoder/samplers";
import { z } from "zod";
import type { FamilyDefaults } from "./family-defaults.ts";
import { inOwnNames } from "./published-generation-config.ts";

/** Longest prompt and completion that a generation may have, tokens: a file of a stranger's must not ask for more than memory holds. */
export const MAX_CANVAS = 65_536;

const length = z.int().positive().max(MAX_CANVAS);

/** How a model wants to be used: its canvas, and the sampler's settings unless a call says otherwise. */
export const GenerationConfigSchema = z.strictObject({
  promptLength: length.default(256).describe("positions of the prompt; shorter prompts are padded on the left, tokens"),
  maxNewTokens: length.default(256).describe("positions of the completion, all masked at first, tokens"),
  steps: length.optional().describe("denoising steps; as many as maxNewTokens if absent"),
  alg: z.enum(DECODER_NAMES).default("entropy").describe("which masked positions are committed first"),
  temperature: z.number().min(0).max(2).default(0.2).describe("0 is greedy"),
  topP: z.number().gt(0).max(1).default(0.95).describe("nucleus sampling; 1 keeps every token"),
  topK: z.int().positive().optional().describe("draw from so many of the likeliest tokens"),
  algTemp: z.number().nonnegative().optional().describe("draw positions instead of taking the surest"),
  eps: z.number().gt(0).lt(1).optional().describe("last timestep of Dream's schedule"),
  blockLength: length.optional().describe("tokens of a block; the model's own if it has blocks"),
  stepsPerBlock: length.optional().describe("denoising steps of each block"),
  subBlockLength: length.optional().describe("tokens of a sub-block"),
  threshold: z.number().min(0).max(1).optional().describe("probability from which a masked position is committed"),
  scope: z.string().max(1000).optional().describe("what requests the model was made for, a sentence for people"),
  eosTokenIds: z
    .array(z.int().nonnegative())
    .max(4096)
    .optional()
    .describe("tokens that end an answer, besides those of config.json and the tokenizer"),
});

/** How a model wants to be used, with every default filled in: its canvas, and the sampler's settings unless a call says otherwise. */
export interface GenerationConfig {
  /** Positions of the prompt, tokens; shorter prompts are padded on the left, unless `padPrompt` is false. @default 256 */
  promptLength: number;
  /** Positions of the completion, all masked at first, tokens. @default 256 */
  maxNewTokens: number;
  /** Denoising steps. @default as many as maxNewTokens */
  steps: number;
  /** Which masked positions are committed first. @default "entropy" */
  alg: DecoderName;
  /** 0 is greedy. @default 0.2 */
  temperature: number;
  /** Nucleus sampling; 1 keeps every token. @default 0.95 */
  topP: number;
  /** Draw from so many of the likeliest tokens. @default all */
  topK?: number | undefined;
  /** Draw positions instead of taking the surest. @default take the surest */
  algTemp?: number | undefined;
  /** Last timestep of Dream's schedule. @default 1e-3 */
  eps?: number | undefined;
  /** Tokens of a block. @default the model's own, or what the decoder has */
  blockLength?: number | undefined;
  /** Denoising steps of each block. @default what the decoder has */
  stepsPerBlock?: number | undefined;
  /** Tokens of a sub-block. @default what the decoder has */
  subBlockLength?: number | undefined;
  /** Probability from which a masked position is committed. @default what the decoder has */
  threshold?: number | undefined;
  /** What requests the model was made for, a sentence for people. @default nothing is said */
  scope?: string | undefined;
  /** Tokens that end an answer, besides those of config.json and the tokenizer. @default none */
  eosTokenIds?: number[] | undefined;
  /** False: `promptLength` is only a limit, and shorter prompts stay as long as they are. @default true */
  padPrompt?: boolean | undefined;
}

/** A notice names so many keys; a stranger's file may have any number of any length. */
const SHOWN = 20;

export interface ReadGenerationConfig {
  config: Readonly<GenerationConfig>;
  /** What of the file is not used, a sentence without its point; mostly empty. */
  notices: readonly string[];
}

interface ReadOptions {
  /** The model's longest sequence, tokens. */
  maxLength?: number;
  /** Rows of its embedding, to which token ids are held. */
  vocabSize?: number;
  /** What config.json says of token ids, by Hugging Face's names. */
  tokenIds?: Readonly<Record<string, unknown>>;
  /** Of an autoregressive model: Hugging Face's temperature counts only together with `do_sample: true`. */
  autoregressive?: boolean;
  /** How models of the family are decoded, where the file says nothing. */
  family?: FamilyDefaults;
}

/**
 * Reads `generation_config.json` of a model folder, in this package's form, in Hugging Face's, which published models have, or
 * mixed; without one the defaults hold, which are the paper's. Only a prompt length, which is this package's, is a canvas to be
 * filled. What Hugging Face's keys ask for and is not done is named in `notices`.
 *
 * @throws {ConfigError} naming, as the file does, every unknown key and bad value
 */
export function readGenerationConfig(
  dir: string,
  { maxLength = Infinity, vocabSize = Infinity, tokenIds = {}, autoregressive = false, family = { settings: {} } }: ReadOptions = {},
): ReadGenerationConfig {
  const file = join(dir, "generation_config.json");
  const data = existsSync(file) ? readJsonObject(folderFile(dir, "generation_config.json", { maxBytes: 10_000_000 })) : {};
  const { foreignKeys = [] } = family;
  const foreign = foreignKeys.filter((key) => (data[key] ?? undefined) !== undefined);
  const own = Object.fromEntries(Object.entries(data).filter(([key]) => !foreignKeys.includes(key)));
  const { settings: said, keyOf, unused, problems } = inOwnNames(own, { known: Object.keys(GenerationConfigSchema.shape), tokenIds });
  unused.push(...foreign);
  const settings: Record<string, unknown> = { ...family.settings, ...said };
  if (autoregressive) {
    if (keyOf.has("alg") && settings["alg"] !== "autoregressive") unused.push("alg");
    settings["alg"] = "autoregressive";
  }
  const isOwn = Array.from(keyOf, ([name, key]) => name === key && /[A-Z]/.test(name)).includes(true);
  const isGreedy = autoregressive && data["do_sample"] !== true && (!isOwn || "do_sample" in data);
  if (isGreedy) {
    if (keyOf.has("temperature") && data["temperature"] !== 0) unused.push("temperature");
    settings["temperature"] = 0;
  }

  let config: z.output<typeof GenerationConfigSchema> | undefined;
  try {
    config = parseConfig(GenerationConfigSchema, settings, { source: file });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems.map((problem) => problem.replace(/^\w+(?=[.:])/, (name) => keyOf.get(name) ?? name)));
  }
  for (const id of config?.eosTokenIds ?? [])
    if (id >= vocabSize) problems.push(`${keyOf.get("eosTokenIds")}: must be below vocab_size (${vocabSize}), got ${id}`);
  if (config === undefined || problems.length > 0) throw new ConfigError({ source: file, problems });

  const canvas = keyOf.has("maxNewTokens") ? config : shortened(config, maxLength);
  for (const name of MODEL_OPTIONS) if (keyOf.has(name) && !readsOption(config.alg, name)) unused.push(keyOf.get(name)!);
  const padPrompt = keyOf.has("promptLength");
  const promptLength = padPrompt ? config.promptLength : Math.max(maxLength - canvas.maxNewTokens, config.promptLength);
  const notices = unused.length === 0 ? [] : [`generation_config.json says ${inShort(unused)}, which ${unused.length === 1 ? "is" : "are"} not used`];
  return { config: Object.freeze({ ...canvas, promptLength, padPrompt, steps: canvas.steps ?? canvas.maxNewTokens }), notices };
}

/** A canvas that nobody asked for takes half of a model that is shorter. */
function shortened<T extends { maxNewTokens: number; steps?: number | undefined }>(config: T, maxLength: number): T {
  const { maxNewTokens, steps } = config;
  if (maxNewTokens < maxLength) return config;
  const half = Math.max(1, Math.floor(maxLength / 2));
  return { ...config, maxNewTokens: half, ...(steps !== undefined && { steps: Math.ceil((steps * half) / maxNewTokens) }) };
}

function inShort(keys: readonly string[]): string {
  const shown = keys.slice(0, SHOWN).map((key) => (key.length > 60 ? `${key.slice(0, 57)}...` : key));
  if (keys.length > SHOWN) shown.push(`and ${keys.length - SHOWN} more`);
  return shown.join(", ");
}
