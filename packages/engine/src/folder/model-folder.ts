import { FileError } from "@diffucoder/core";
import {
  type AutoregressiveConfig,
  type ModelConfig,
  modelConfigPath,
  modelTraits,
  readModelConfig,
  type ReadModelConfigOptions,
} from "@diffucoder/model";
import { SPECIAL_TOKENS, type Tokenizer } from "@diffucoder/tokenizer";
import { familyDefaults } from "./family-defaults.ts";
import { readTokenizer } from "./kept-tokenizer.ts";
import { type GenerationConfig, MAX_CANVAS, readGenerationConfig } from "./generation-config.ts";
import { tokenTexts } from "./token-texts.ts";
import type { DecodingModel } from "../requests/resolve-decoding.ts";

/** All of a model's folder but its parameters. */
export interface ModelFolder extends DecodingModel {
  /** Path of the folder. */
  dir: string;
  /** What config.json says of the network. */
  config: ModelConfig | AutoregressiveConfig;
  /** How the model wants to be used, with every default filled in. */
  generationConfig: Readonly<GenerationConfig>;
  /** What of the small files is not used, for a person. */
  notices: readonly string[];
  /** The model's own. */
  tokenizer: Tokenizer;
  /** Tokens that end an answer. */
  endIds: ReadonlySet<number>;
  /** Token that ends a text. */
  eosTokenId: number;
  /** Token that fills a canvas, at its left and behind the end of an answer. */
  padTokenId: number;
  /** The family that was asked for. @default the one that the folder tells */
  family?: string | undefined;
  /** Tokens of the longest sequence that the model is made for, and at most two canvases. */
  maxLength: number;
}

/**
 * Reads the small files of a model's folder, so that errors in them are reported before gigabytes are read.
 *
 * @throws {FileError} if a file is missing or damaged, or the tokenizer is another model's
 * @throws {InvalidArgumentError} if the folder is not of the family that is asked for
 * @throws {ConfigError} naming every problem of a config file
 */
export function readModelFolder(dir: string, options: ReadModelConfigOptions = {}): ModelFolder {
  const config = readModelConfig(modelConfigPath(dir), options);
  const traits = modelTraits(config);
  const { family, isDiffusion, maskTokenId, attention, alsoInBlocks } = traits;
  const { vocabSize: rows } = config;
  const maxLength = Math.min(config.maxPositionEmbeddings, 2 * MAX_CANVAS);
  const tokenIds = { mask_token_id: maskTokenId, pad_token_id: config.padTokenId };
  const read = readGenerationConfig(dir, { maxLength, vocabSize: rows, tokenIds, autoregressive: !isDiffusion, family: familyDefaults(family, dir) });
  const { config: generationConfig, notices } = read;
  const tokenizer = readTokenizer(dir);
  const { roles, vocabSize } = tokenizer;
  if (isDiffusion) {
    const named = roles.mask ?? tokenizer.specialTokens.get(SPECIAL_TOKENS.mask);
    // Some tokenizers have the mask among their special tokens and give none of them its role.
    const mask = named ?? [...tokenizer.specialTokens.values()].find((id) => id === maskTokenId);
    if (mask !== maskTokenId)
      throw new FileError({ path: dir, problem: `the tokenizer gives the mask token the id ${mask}, while config.json says ${maskTokenId}` });
  }
  if (vocabSize > config.vocabSize)
    throw new FileError({ path: dir, problem: `the tokenizer has ${vocabSize} tokens, while the model knows ${config.vocabSize}` });
  const ends = config.eosTokenIds ?? ("eosTokenId" in config ? [config.eosTokenId] : []);
  const endIds = new Set([
    ...tokenizer.stopIds,
    ...ends,
    ...(generationConfig.eosTokenIds ?? []),
    ...(config.padTokenId === undefined ? [] : [config.padTokenId]),
  ]);
  const eosTokenId = ends[0] ?? generationConfig.eosTokenIds?.[0] ?? roles.eos ?? 0;
  const padTokenId = config.padTokenId ?? roles.pad ?? eosTokenId;
  const autoregressive = isDiffusion ? undefined : family;
  const texts = tokenTexts(tokenizer, { vocabSize: config.vocabSize, endIds });
  const defaults = generationConfig;
  const blocks = { ofModel: typeof attention === "object" ? attention.blockLength : undefined, alsoInBlocks };
  return {
    dir,
    config,
    generationConfig,
    defaults,
    notices,
    tokenizer,
    texts,
    endIds,
    eosTokenId,
    padTokenId,
    maxLength,
    autoregressive,
    blocks,
    family: options.family,
  };
}

/** Tokens for which a model has room before a completion, and why. */
export function promptLimit(
  { generationConfig, maxLength }: Pick<ModelFolder, "generationConfig" | "maxLength">,
  maxNewTokens: number,
): { tokens: number; reason: string } {
  const { padPrompt = true, promptLength, scope } = generationConfig;
  if (padPrompt)
    return {
      tokens: promptLength,
      reason: ["It was trained with this prompt length.", ...(scope === undefined ? [] : [scope])].join(" "),
    };
  const reason = `The model is made for ${maxLength} tokens, of which ${maxNewTokens} are to be new.`;
  return { tokens: maxLength - maxNewTokens, reason };
}
