// The model that a stage starts from: a new one, or that of a folder; an autoregressive one is read as the diffusion model that it becomes.
import { contentHash, InvalidArgumentError, type Random, type RunFingerprint } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { createExecutor, type ExecutorOptions, loadDiffuCoder, modelFolder } from "@diffucoder/engine";
import { asDiffusionModel, type AutoregressiveConfig, initParameters, type ModelConfig, modelTraits } from "@diffucoder/model";
import type { Executor } from "@diffucoder/tensor";
import { SPECIAL_TOKENS, Tokenizer } from "@diffucoder/tokenizer";
import { cloneParameters } from "@diffucoder/trainer";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { copyTokenizer } from "./tokenizer-files.ts";

/** A stage of the paper's route by its command. */
export type StageCommand = "pretrain" | "adapt" | "midtrain" | "sft";

/** A model that is about to be trained. */
export interface StartingModel {
  /** What it will be; its family is that of the trained model. */
  config: ModelConfig | AutoregressiveConfig;
  /** Weights that the training may take over. */
  parameters: ModelParameters;
  /** Its own. */
  tokenizer: Tokenizer;
  /** Token of the padding. */
  padTokenId: number;
  /** Token that ends a text. */
  eosTokenId: number;
  /** Where it runs. */
  executor: Executor;
  /** Writes the tokenizer's files into a model's folder. */
  writeTokenizer: (directory: string) => void;
  /** Whether it is not the one of its folder any more. @default false */
  isConverted?: boolean;
  /** The folder that it was read from; `undefined` for a new one. */
  modelDir: string | undefined;
  /** What a run that starts from it depends on. */
  fingerprint: RunFingerprint;
}

/** A new model of a size, with the tokenizer of a file. */
export async function newModel({
  config: configOf,
  tokenizerFile,
  random,
  executor,
}: {
  /** Its config, given its tokenizer. */
  config: (tokenizer: Tokenizer) => ModelConfig | AutoregressiveConfig;
  /** A tokenizer.json. */
  tokenizerFile: string;
  /** Stream of the weights. */
  random: Random;
  /** Where it runs. */
  executor: ExecutorOptions;
}): Promise<StartingModel> {
  const tokenizer = Tokenizer.fromFile(tokenizerFile);
  const config = configOf(tokenizer);
  return {
    config,
    parameters: initParameters({ config, random }),
    tokenizer,
    padTokenId: tokenizer.special.endOfText,
    eosTokenId: tokenizer.special.endOfText,
    executor: await createExecutor(executor),
    writeTokenizer: (directory) => {
      mkdirSync(directory, { recursive: true });
      copyFileSync(tokenizerFile, join(directory, "tokenizer.json"));
    },
    modelDir: undefined,
    fingerprint: { "tokenizer.json": contentHash(tokenizerFile) },
  };
}

/**
 * The model of `--init`: a folder, or a repository on Hugging Face's hub.
 *
 * @throws {InvalidArgumentError} if it is not of the kind that the command starts from; else as `loadDiffuCoder`
 */
export async function modelOfInit({ init, command, keepsOrder, signal, ...executor }: ModelOfInitOptions): Promise<StartingModel> {
  const dir = await modelFolder(init, { signal });
  const { config: loaded, parameters, tokenizer, padTokenId, executor: runs, close } = await loadDiffuCoder(dir, { ...executor, quantize: "none" });
  const isDiffusion = "maskTokenId" in loaded;
  if (command === "adapt" ? isDiffusion : !isDiffusion && command !== "pretrain") {
    await close();
    throw wrongKind(init, command, modelTraits(loaded).family);
  }
  const eosTokenId = ("eosTokenId" in loaded ? loaded.eosTokenId : loaded.eosTokenIds[0]) ?? tokenizer.roles.eos ?? padTokenId;
  const common = { tokenizer, padTokenId, eosTokenId, executor: runs, modelDir: dir, fingerprint: {} };
  const plain = (directory: string): void => copyTokenizer(dir, directory);
  if (isDiffusion || keepsOrder) return { ...common, config: loaded, parameters: cloneParameters(parameters), writeTokenizer: plain };
  const known = tokenizer.roles.mask ?? tokenizer.specialTokens.get(SPECIAL_TOKENS.mask);
  const maskTokenId = known ?? tokenizer.vocabSize;
  const adapted = asDiffusionModel({ config: loaded, parameters, maskTokenId, eosTokenId, padTokenId });
  const added = known === undefined ? { [SPECIAL_TOKENS.mask]: maskTokenId } : {};
  return {
    ...common,
    config: adapted.config,
    isConverted: true,
    parameters: cloneParameters(adapted.parameters),
    writeTokenizer: (directory) => copyTokenizer(dir, directory, added),
  };
}

/** The folder of a model, and what is to become of it. */
export interface ModelOfInitOptions extends ExecutorOptions {
  /** A folder, or `owner/name` on the hub. */
  init: string;
  /** Which stage starts from it. */
  command: StageCommand;
  /** Whether an autoregressive model stays one, since it is trained as one alone. */
  keepsOrder: boolean;
  /** Stops a download. */
  signal: AbortSignal;
}

function wrongKind(init: string, command: StageCommand, family: string): InvalidArgumentError {
  const expected =
    command === "adapt"
      ? `the folder of an autoregressive model (qwen2, qwen3 or llama), not of a model of type ${family}, which train midtrain and train sft go on from`
      : `the folder of a masked diffusion model, not of a model of type ${family}, which train adapt makes one of`;
  return new InvalidArgumentError({ argument: "--init", value: init, expected });
}
