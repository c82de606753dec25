// `train pretrain`: a base model from scratch, on an endless stream of TinyCode's training split.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createRandom, type OnProgress, parseConfig, writeFileAtomic } from "@diffucoder/core";
import { encodeExample, exampleStream } from "@diffucoder/tasks";
import { initParameters, logitsFunction, type ModelConfig, ModelConfigSchema, saveModel } from "@diffucoder/model";
import { Tokenizer } from "@diffucoder/tokenizer";
import {
  exampleBatches,
  freshState,
  loadCheckpoint,
  openMetricsLog,
  pretrain,
  PretrainConfigSchema,
  saveCheckpoint,
  type TrainingState,
  writeMetricsCsv,
} from "@diffucoder/trainer";
import { z } from "zod";
import { CHECKPOINT_FILE, keepCheckpoint, removeKeptCheckpoints } from "./kept-checkpoints.ts";
import { longerRunNote } from "./longer-run.ts";
import { contentHash, runFingerprint } from "../run-folder/run-fingerprint.ts";
import { TiersSchema } from "./tiny-code-run.ts";

export const PretrainRecipeSchema = z.strictObject({
  model: z.strictObject({
    hiddenSize: z.int().positive(),
    intermediateSize: z.int().positive(),
    numHiddenLayers: z.int().positive(),
    numAttentionHeads: z.int().positive(),
    numKeyValueHeads: z.int().positive(),
  }),
  data: z.strictObject({
    tiers: TiersSchema,
    promptLength: z.int().positive(),
    completionLength: z.int().positive(),
  }),
  training: PretrainConfigSchema,
});

/** The setting that a run which goes on may raise: the steps of its last stage. */
const stepsKey = ({ training }: PretrainRecipe): string => `training.stages.${training.stages.length - 1}.maxSteps`;

export type PretrainRecipe = z.output<typeof PretrainRecipeSchema>;

export interface PretrainCommandOptions {
  recipe: PretrainRecipe;
  tokenizerFile: string;
  /** Folder of the run: checkpoint, metrics and, at the end, the model. */
  output: string;
  fresh: boolean;
  signal: AbortSignal;
  onProgress: OnProgress;
  /** Hears what it means that the run goes on for longer. */
  onNote: (note: string) => void;
}

/** Runs or resumes pretraining and writes the model to `output/model`. @returns that folder */
export async function runPretrain({ recipe, tokenizerFile, output, fresh, signal, onProgress, onNote }: PretrainCommandOptions): Promise<string> {
  const { training, data } = recipe;
  const tokenizer = Tokenizer.fromFile(tokenizerFile);
  const config = modelConfig(recipe, tokenizer);
  const random = createRandom(training.seed);
  const checkpointPath = join(output, CHECKPOINT_FILE);
  const metricsPath = join(output, "metrics.jsonl");
  if (fresh) for (const path of [checkpointPath, metricsPath]) rmSync(path, { force: true });
  mkdirSync(output, { recursive: true });
  if (fresh) removeKeptCheckpoints(output);

  const fingerprint = JSON.stringify({ ...runFingerprint({ recipe }), "tokenizer.json": contentHash(tokenizerFile) });
  const checkpoint = loadCheckpoint(checkpointPath, fingerprint, { stepsKey: stepsKey(recipe) });
  const before = checkpoint && (JSON.parse(checkpoint.fingerprint) as PretrainRecipe).training.stages.at(-1)!.maxSteps;
  const now = training.stages.at(-1)!.maxSteps;
  if (checkpoint && before !== undefined && before < now) {
    onNote(longerRunNote({ setting: stepsKey(recipe), before, now, step: checkpoint.step, schedule: training }));
  }
  const log = openMetricsLog(metricsPath, { lastStep: checkpoint?.step ?? 0 });
  const writeModel = (directory: string, { parameters }: TrainingState): void => {
    saveModel(directory, { config, parameters, dtype: "BF16" });
    const generationConfig = {
      promptLength: data.promptLength,
      maxNewTokens: data.completionLength,
      steps: data.completionLength,
      alg: "entropy",
      temperature: 0,
      topP: 1,
    };
    writeFileAtomic(join(directory, "generation_config.json"), `${JSON.stringify(generationConfig, null, 2)}\n`);
    writeFileAtomic(join(directory, "recipe.json"), `${JSON.stringify(recipe, null, 2)}\n`);
    copyFileSync(tokenizerFile, join(directory, "tokenizer.json"));
  };
  const example = exampleStream({ tiers: data.tiers, seed: training.seed });
  const state = await pretrain({
    config: training,
    logits: logitsFunction(config, { gradientCheckpointing: training.gradientCheckpointing }),
    state: checkpoint ?? freshState(initParameters({ config, random: random.split("init") })),
    startStep: checkpoint?.step ?? 0,
    vocabSize: config.vocabSize,
    batch: exampleBatches({
      example: (index) => encodeExample(example(index), tokenizer),
      batchSize: training.perDeviceTrainBatchSize,
      layout: { ...data, padTokenId: tokenizer.special.endOfText },
    }),
    maskTokenId: tokenizer.special.mask,
    random: random.split("pretrain"),
    signal,
    onProgress,
    onStep: (metrics) => log.append(metrics),
    onCheckpoint: (current, step) => {
      const saveState = (path: string): void => saveCheckpoint(path, { ...current, step, fingerprint });
      keepCheckpoint({ output, step, ...training, model: (folder) => writeModel(folder, current), saveState });
      saveState(checkpointPath);
      writeMetricsCsv(metricsPath);
    },
  });

  const directory = join(output, "model");
  writeModel(directory, state);
  return directory;
}

function modelConfig({ model, data }: PretrainRecipe, tokenizer: Tokenizer): ModelConfig {
  const { mask, endOfText, imEnd } = tokenizer.special;
  return parseConfig(
    ModelConfigSchema,
    {
      ...model,
      vocabSize: tokenizer.vocabSize,
      maxPositionEmbeddings: data.promptLength + data.completionLength,
      ropeTheta: 10_000,
      maskTokenId: mask,
      padTokenId: endOfText,
      eosTokenId: imEnd,
      bosTokenId: endOfText,
    },
    { source: "recipe" },
  );
}
