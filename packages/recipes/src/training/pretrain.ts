// `train pretrain`: a base model from scratch, on an endless stream of TinyCode's training split or a file of texts; or more of a model's training.
import { createRandom, parseConfig } from "@diffucoder/core";
import { type AutoregressiveConfig, AutoregressiveConfigSchema, type ModelConfig, ModelConfigSchema } from "@diffucoder/model";
import type { Tokenizer } from "@diffucoder/tokenizer";
import { z } from "zod";
import { type StageRecipe, StageRecipeSchema } from "./stage-recipe.ts";
import { keepsOrder, runStages, type RunStagesOptions } from "./stages.ts";
import { modelOfInit, newModel } from "./starting-model.ts";

/** What `train pretrain` does. */
export interface PretrainRecipe extends StageRecipe {
  /** Sizes of the network. */
  model: {
    /** `"Dream"`, or `"qwen2"` for an autoregressive model, whose stages are all autoregressive. @default "Dream" */
    family: "Dream" | "qwen2";
    /** Width of a token's vector. */
    hiddenSize: number;
    /** Width of the feed-forward layers. */
    intermediateSize: number;
    /** Layers. */
    numHiddenLayers: number;
    /** Heads of the queries. */
    numAttentionHeads: number;
    /** Heads of the keys and values. */
    numKeyValueHeads: number;
  };
}

/** `PretrainRecipe` as a file's data. */
export const PretrainRecipeSchema = z.strictObject({
  model: z.strictObject({
    family: z.enum(["Dream", "qwen2"]).default("Dream").describe("Dream, or qwen2 for an autoregressive model, whose stages are all autoregressive"),
    hiddenSize: z.int().positive().describe("numbers that a token is in every layer"),
    intermediateSize: z.int().positive().describe("numbers inside the feed-forward part of a layer"),
    numHiddenLayers: z.int().positive().describe("layers"),
    numAttentionHeads: z.int().positive().describe("heads of the queries"),
    numKeyValueHeads: z.int().positive().describe("heads of the keys and values, which divide those of the queries"),
  }),
  ...StageRecipeSchema.shape,
}) satisfies z.ZodType<PretrainRecipe>;

/** A pretraining, and where it happens. */
export interface PretrainCommandOptions extends Omit<RunStagesOptions, "start" | "command" | "recipe"> {
  /** What is done. */
  recipe: PretrainRecipe;
  /** tokenizer.json of a model from scratch. */
  tokenizerFile: string;
  /** Model to go on from, with its tokenizer: a folder, or `owner/name` on the hub; the recipe's `model` is then ignored. @default one from scratch */
  init?: string | undefined;
}

/** Runs or resumes pretraining and writes the model to `output/model`. @returns that folder */
export async function runPretrain({ tokenizerFile, init, ...options }: PretrainCommandOptions): Promise<string> {
  const { recipe, signal } = options;
  const { training, executor, device, precision } = recipe;
  const where = { executor, device, precision };
  const start =
    init === undefined
      ? await newModel({
          config: (tokenizer) => modelConfig(recipe, tokenizer),
          tokenizerFile,
          random: createRandom(training.seed).split("init"),
          executor: where,
        })
      : await modelOfInit({ init, command: "pretrain", keepsOrder: keepsOrder(training), signal, ...where });
  return runStages({ ...options, command: "pretrain", start });
}

function modelConfig({ model: { family, ...sizes }, data }: PretrainRecipe, tokenizer: Tokenizer): ModelConfig | AutoregressiveConfig {
  const { endOfText, imEnd } = tokenizer.special;
  const common = {
    ...sizes,
    vocabSize: tokenizer.vocabSize,
    maxPositionEmbeddings: data.promptLength + data.completionLength,
    ropeTheta: 10_000,
    padTokenId: endOfText,
    bosTokenId: endOfText,
  };
  if (family === "qwen2")
    return parseConfig(AutoregressiveConfigSchema, { ...common, family, eosTokenIds: [imEnd, endOfText] }, { source: "recipe" });
  return parseConfig(ModelConfigSchema, { ...common, maskTokenId: tokenizer.special.mask, eosTokenId: imEnd }, { source: "recipe" });
}
