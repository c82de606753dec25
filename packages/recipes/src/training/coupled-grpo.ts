// `train coupled-grpo`: improves a model by rewards from the sandbox, on tasks with visible tests.
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { claimRun, createRandom, type OnProgress, runFingerprint } from "@diffucoder/core";
import { CoupledGrpoConfigSchema, freshCoupledGrpoState, trainCoupledGrpo } from "@diffucoder/coupled-grpo";
import { saveModel } from "@diffucoder/model";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import { cloneParameters, freshState } from "@diffucoder/trainer";
import { z } from "zod";
import { EvaluationSettingsSchema } from "../evaluation/evaluation-settings.ts";
import { heldOutEvaluator } from "./held-out.ts";
import { CHECKPOINT_FILE } from "./kept-checkpoints.ts";
import type { DiffusionModel } from "./load-diffusion-model.ts";
import { loadRewardModules, RewardSettingsSchema } from "./reward-settings.ts";
import { rolloutSampling, RolloutSamplingSchema } from "./rollout-sampling.ts";
import { trainingPrompts, TrainingDataSchema } from "./task-rewards.ts";
import { clearTraining, openTrainingRun, START_OVER } from "./training-run.ts";
import { writeTrainingReport } from "./write-report.ts";

/** What `training.evalSteps` evaluates on, if the recipe does not say. */
const DURING_TRAINING = {
  dataset: "tinycode",
  data: { split: "dev", tasks: 40 },
  samplesPerTask: 4,
  temperature: 1,
  steps: 24,
  alg: "entropy",
  schedule: "even",
  topP: 1,
} as const;

export const CoupledGrpoRecipeSchema = z.strictObject({
  data: TrainingDataSchema,
  sampling: RolloutSamplingSchema,
  training: CoupledGrpoConfigSchema.extend(RewardSettingsSchema.shape),
  evaluation: EvaluationSettingsSchema.prefault(DURING_TRAINING).describe("of training.evalSteps: held-out tasks"),
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

/** Runs or resumes coupled-GRPO in a folder of its own and writes the model to `output/model`. @returns that folder */
export async function runCoupledGrpo(options: CoupledGrpoCommandOptions): Promise<string> {
  const { recipe, modelDir, output, fresh } = options;
  if (fresh) clearTraining(output);
  const { raisedFrom } = claimRun(output, {
    settings: { command: "coupled-grpo", ...runFingerprint({ recipe, modelDir }) },
    results: [CHECKPOINT_FILE],
    stepsKey: STEPS_KEY,
    startOver: START_OVER,
  });
  const model = await continueCoupledGrpo({ ...options, raisedFrom });
  writeTrainingReport(output, { title: "Coupled-GRPO", recipe });
  return model;
}

/** `runCoupledGrpo` in a folder that is claimed. */
export async function continueCoupledGrpo({
  recipe,
  coder,
  modelDir,
  sandbox,
  output,
  signal,
  onProgress,
  onNote,
  raisedFrom,
}: Omit<CoupledGrpoCommandOptions, "fresh"> & {
  /** Number of steps before it was raised. */
  raisedFrom: number | undefined;
}): Promise<string> {
  const { data, sampling, training, evaluation } = recipe;
  const { config, generationConfig, logits } = coder;
  const modules = await loadRewardModules(training.rewardModules);
  const { checkpoint, hooks, finish } = openTrainingRun({
    output,
    training,
    steps: { setting: STEPS_KEY, now: training.maxSteps, raisedFrom, total: training.maxSteps },
    writeModel: (directory, { parameters }) => {
      saveModel(directory, { config, parameters, dtype: "F32" });
      for (const file of ["tokenizer.json", "generation_config.json"]) {
        if (existsSync(join(modelDir, file))) copyFileSync(join(modelDir, file), join(directory, file));
      }
    },
    onNote,
  });
  const start = checkpoint ?? freshState(cloneParameters(coder.parameters));
  const rollouts = rolloutSampling(coder, sampling);
  const evaluator = heldOutEvaluator({ coder, sandbox, rollouts, output, config: evaluation, seed: training.seed, signal });
  try {
    const state = await trainCoupledGrpo({
      config: training,
      logits,
      vocabSize: config.vocabSize,
      maskTokenId: config.maskTokenId,
      padTokenId: coder.padTokenId,
      eosTokenIds: [...coder.endIds],
      forbiddenIds: [config.maskTokenId],
      promptLength: generationConfig.promptLength,
      ...rollouts,
      state: checkpoint?.reference ? { ...checkpoint, reference: checkpoint.reference } : freshCoupledGrpoState(start),
      ...(await trainingPrompts({
        coder,
        sandbox,
        data,
        rewards: training,
        modules,
        promptsPerStep: training.promptsPerStep,
        seed: training.seed,
        onNote,
      })),
      random: createRandom(training.seed).split("coupled-grpo"),
      evaluate: evaluator.evaluate,
      signal,
      onProgress,
      ...hooks,
    });
    return finish(state);
  } finally {
    evaluator.dispose();
    for (const one of modules) one.close();
  }
}
