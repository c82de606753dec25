// `train coupled-grpo`: improves a model by rewards from the sandbox, on TinyCode's training split.
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createRandom, type OnProgress } from "@diffucoder/core";
import { CoupledGrpoConfigSchema, freshCoupledGrpoState, trainCoupledGrpo } from "@diffucoder/coupled-grpo";
import { saveModel } from "@diffucoder/model";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import {
  cloneParameters,
  freshState,
  loadCheckpoint,
  openMetricsLog,
  saveCheckpoint,
  type TrainingState,
  writeMetricsCsv,
} from "@diffucoder/trainer";
import { z } from "zod";
import type { DiffusionModel } from "./load-diffusion-model.ts";
import { CHECKPOINT_FILE, keepCheckpoint, removeKeptCheckpoints } from "./kept-checkpoints.ts";
import { longerRunNote } from "./longer-run.ts";
import { runFingerprint } from "../run-folder/run-fingerprint.ts";
import { RewardSettingsSchema } from "./reward-settings.ts";
import { rolloutSampling, RolloutSamplingSchema } from "./rollout-sampling.ts";
import { trainingPrompts, TrainingTasksSchema } from "./tiny-code-run.ts";

export const CoupledGrpoRecipeSchema = z.strictObject({
  data: TrainingTasksSchema,
  sampling: RolloutSamplingSchema,
  training: CoupledGrpoConfigSchema.extend(RewardSettingsSchema.shape),
});

/** The setting that a run which goes on may raise. */
export const STEPS_KEY = "training.maxSteps";

export type CoupledGrpoRecipe = z.output<typeof CoupledGrpoRecipeSchema>;

export interface CoupledGrpoCommandOptions {
  recipe: CoupledGrpoRecipe;
  coder: DiffusionModel;
  /** Folder from which `coder` was loaded. */
  modelDir: string;
  sandbox: Sandbox;
  /** Folder of the run: checkpoint, metrics and, at the end, the model. */
  output: string;
  fresh: boolean;
  signal: AbortSignal;
  onProgress: OnProgress;
  /** Hears which tasks are left out and why, and what it means that the run goes on for longer. */
  onNote: (note: string) => void;
}

/** Runs or resumes coupled-GRPO and writes the model to `output/model`. @returns that folder */
export async function runCoupledGrpo({
  recipe,
  coder,
  modelDir,
  sandbox,
  output,
  fresh,
  signal,
  onProgress,
  onNote,
}: CoupledGrpoCommandOptions): Promise<string> {
  const { data, sampling, training } = recipe;
  const { config, generationConfig, logits } = coder;
  const checkpointPath = join(output, CHECKPOINT_FILE);
  const metricsPath = join(output, "metrics.jsonl");
  if (fresh) for (const path of [checkpointPath, metricsPath]) rmSync(path, { force: true });
  mkdirSync(output, { recursive: true });
  if (fresh) removeKeptCheckpoints(output);

  const fingerprint = JSON.stringify(runFingerprint({ recipe, modelDir }));
  const checkpoint = loadCheckpoint(checkpointPath, fingerprint, { stepsKey: STEPS_KEY });
  const before = checkpoint && (JSON.parse(checkpoint.fingerprint) as CoupledGrpoRecipe).training.maxSteps;
  if (checkpoint && before !== undefined && before < training.maxSteps) {
    onNote(longerRunNote({ setting: STEPS_KEY, before, now: training.maxSteps, step: checkpoint.step, schedule: training }));
  }
  const startStep = checkpoint?.step ?? 0;
  const log = openMetricsLog(metricsPath, { lastStep: startStep });
  const start = checkpoint ?? freshState(cloneParameters(coder.parameters));
  const writeModel = (directory: string, { parameters }: TrainingState): void => {
    saveModel(directory, { config, parameters, dtype: "F32" });
    for (const file of ["tokenizer.json", "generation_config.json"]) {
      if (existsSync(join(modelDir, file))) copyFileSync(join(modelDir, file), join(directory, file));
    }
  };
  const state = await trainCoupledGrpo({
    config: training,
    logits,
    vocabSize: config.vocabSize,
    maskTokenId: config.maskTokenId,
    padTokenId: coder.padTokenId,
    eosTokenIds: [...coder.endIds],
    forbiddenIds: [config.maskTokenId],
    promptLength: generationConfig.promptLength,
    ...rolloutSampling(coder, sampling),
    state: checkpoint?.reference ? { ...checkpoint, reference: checkpoint.reference } : freshCoupledGrpoState(start),
    startStep,
    ...trainingPrompts({ coder, sandbox, ...data, rewards: training, promptsPerStep: training.promptsPerStep, seed: training.seed, onNote }),
    random: createRandom(training.seed).split("coupled-grpo"),
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
