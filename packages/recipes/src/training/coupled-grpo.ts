// `train coupled-grpo`: improves a model with rewards from the sandbox, on tasks with visible tests.
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { claimRun, createRandom, InvalidArgumentError, type OnProgress, runFingerprint } from "@diffucoder/core";
import {
  type CoupledGrpoConfig,
  CoupledGrpoConfigSchema,
  estimatorHasItsOptions,
  freshCoupledGrpoState,
  trainCoupledGrpo,
} from "@diffucoder/coupled-grpo";
import { type DiffuCoder, type ExecutorOptions, ExecutorOptionsSchema } from "@diffucoder/engine";
import { logitsFunction, modelTraits, saveModel } from "@diffucoder/model";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import type { DecodingOptions } from "@diffucoder/samplers";
import { cloneParameters, freshState } from "@diffucoder/trainer";
import { z } from "zod";
import { type EvaluationSettings, EvaluationSettingsSchema } from "../evaluation/evaluation-settings.ts";
import type { QueueOptions } from "../queue/announced-run.ts";
import { openRunQueue } from "../queue/run-queue.ts";
import { bestNeedsEvaluation, evaluationHasItsMetric } from "./best-checkpoint.ts";
import { heldOutEvaluator } from "./held-out.ts";
import { CHECKPOINT_FILE } from "./kept-checkpoints.ts";
import { type LoraRecipe, LoraRecipeSchema, trainable } from "./lora-training.ts";
import { loadRewardModules, type RewardSettings, RewardSettingsSchema, somethingIsPaid } from "./reward-settings.ts";
import { rolloutSampling, RolloutSamplingSchema } from "./rollout-sampling.ts";
import { type TrainingData, trainingPrompts, TrainingDataSchema } from "./task-rewards.ts";
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

/** What `train coupled-grpo` does. `executor` and `device` are those that the model is loaded with. */
export interface CoupledGrpoRecipe extends ExecutorOptions {
  /** Which tasks to train on. */
  data: TrainingData;
  /** How rollouts are decoded; the model supplies the rest. */
  sampling: Omit<DecodingOptions, "seed">;
  /** Settings of coupled-GRPO, and what a completion earns. */
  training: CoupledGrpoConfig & RewardSettings;
  /** Held-out tasks of `training.evalSteps`. @default 40 tasks of TinyCode's dev split */
  evaluation: EvaluationSettings;
  /** Trains a LoRA adapter. @default all weights are trained */
  lora?: LoraRecipe | undefined;
}

/** `CoupledGrpoRecipe` as a file's data. */
export const CoupledGrpoRecipeSchema = z
  .strictObject({
    data: TrainingDataSchema,
    sampling: RolloutSamplingSchema,
    training: CoupledGrpoConfigSchema.extend(RewardSettingsSchema.shape)
      .refine(...bestNeedsEvaluation)
      .refine(...somethingIsPaid)
      .check(estimatorHasItsOptions),
    evaluation: EvaluationSettingsSchema.prefault(DURING_TRAINING).describe("held-out tasks of training.evalSteps"),
    lora: LoraRecipeSchema.optional().describe("train a LoRA adapter (default: all weights are trained)"),
    ...ExecutorOptionsSchema.shape,
  })
  .check(evaluationHasItsMetric) satisfies z.ZodType<CoupledGrpoRecipe>;

/** The setting that a resumed run may raise. */
export const STEPS_KEY = "training.maxSteps";

/** A run of coupled-GRPO, and where it happens. */
export interface CoupledGrpoCommandOptions {
  /** What is done. */
  recipe: CoupledGrpoRecipe;
  /** The model to start from. */
  coder: DiffuCoder;
  /** Folder from which `coder` was loaded. */
  modelDir: string;
  /** Folder of a LoRA adapter of the model to go on from. @default a new one, if the recipe has a `lora` */
  adapter?: string | undefined;
  /** Where programs run. */
  sandbox: Sandbox;
  /** Folder of the run: checkpoint, metrics and, at the end, the model or its adapter. */
  output: string;
  /** Whether to start over instead of resuming the run in the folder. */
  fresh: boolean;
  /** Stops the run after a checkpoint. */
  signal: AbortSignal;
  /** Gets an event for every iteration. */
  onProgress: OnProgress;
  /** Gets notices: which tasks are left out and why, and what extending the run means. */
  onNote: (note: string) => void;
  /** Has rollouts and rewards made by workers, with the same result. @default here */
  queue?: QueueOptions | undefined;
}

/** Runs or resumes coupled-GRPO in a folder of its own and writes the model to `output/model`, or an adapter to `output/adapter`. @returns that folder */
export async function runCoupledGrpo(options: CoupledGrpoCommandOptions): Promise<string> {
  const { recipe, coder, modelDir, adapter, output, fresh } = options;
  checkEstimator(coder, recipe.training);
  if (fresh) clearTraining(output);
  const { raisedFrom } = claimRun(output, {
    settings: { command: "coupled-grpo", ...runFingerprint({ recipe: { ...recipe, ...(adapter !== undefined && { adapter }) }, modelDir }) },
    results: [CHECKPOINT_FILE],
    stepsKey: STEPS_KEY,
    startOver: START_OVER,
  });
  const model = await continueCoupledGrpo({ ...options, raisedFrom });
  writeTrainingReport(output, { title: "Coupled-GRPO", recipe });
  return model;
}

/** `runCoupledGrpo` in a folder that is claimed. */
export async function continueCoupledGrpo(
  options: Omit<CoupledGrpoCommandOptions, "fresh"> & {
    /** Number of steps before it was raised. */
    raisedFrom: number | undefined;
  },
): Promise<string> {
  const { recipe, coder, modelDir, adapter, sandbox, output, signal, onProgress, onNote, raisedFrom } = options;
  const { data, sampling, training, evaluation } = recipe;
  const { config, generationConfig } = coder;
  const { shift, attention, maskTokenId } = modelTraits(config);
  checkEstimator(coder, training); // again, for a quickstart
  coder.executor.notices?.forEach((notice) => onNote(`${notice}.`));
  const random = createRandom(training.seed);
  const trained = trainable({ ...coder, lora: recipe.lora, adapter, base: modelDir, random: random.split("lora") });
  const { frozen } = trained;
  const modules = await loadRewardModules(training.rewardModules);
  const { checkpoint, hooks, finish } = openTrainingRun({
    output,
    training,
    steps: { setting: STEPS_KEY, now: training.maxSteps, raisedFrom, total: training.maxSteps },
    writeModel: (directory, { parameters }) => {
      if (trained.writeAdapter !== undefined) return trained.writeAdapter(directory, parameters);
      writeTrained(directory, { config, parameters: trained.merged(parameters), modelDir });
    },
    resultFolder: trained.writeAdapter === undefined ? "model" : "adapter",
    onNote,
  });
  const start = checkpoint ?? freshState(cloneParameters(trained.parameters));
  const rollouts = rolloutSampling(coder, sampling);
  const queue = options.queue && (await openRunQueue({ ...options, queue: options.queue }));
  const evaluator = heldOutEvaluator({ coder, frozen, sandbox, rollouts, output, config: evaluation, seed: training.seed, signal });
  try {
    const state = await trainCoupledGrpo({
      config: training,
      logits: attention === "causal" ? logitsFunction(config, { attention }) : coder.logits,
      frozen,
      shift,
      vocabSize: config.vocabSize,
      maskTokenId: maskTokenId ?? 0, // of an autoregressive model, whose estimates and rollouts need none
      padTokenId: coder.padTokenId,
      eosTokenIds: [...coder.endIds],
      forbiddenIds: maskTokenId === undefined ? [] : [maskTokenId],
      promptLength: generationConfig.promptLength,
      executor: coder.executor,
      ...rollouts,
      state: checkpoint?.reference ? { ...checkpoint, reference: checkpoint.reference } : freshCoupledGrpoState(start),
      ...(await trainingPrompts({ ...training, coder, sandbox, data, rewards: training, modules, score: queue?.score, onNote })),
      sample: queue?.sample,
      random: random.split("coupled-grpo"),
      evaluate: evaluator.evaluate,
      signal,
      onProgress,
      ...hooks,
    });
    return finish(state);
  } finally {
    evaluator.dispose();
    await queue?.close();
    for (const one of modules) one.close();
  }
}

/** The exact likelihood is that of a model that writes from left to right; the estimates are for those that do not have it. */
function checkEstimator({ config }: DiffuCoder, { estimator }: CoupledGrpoConfig): void {
  const { isDiffusion, family } = modelTraits(config);
  if (isDiffusion ? estimator !== "exact" : estimator === "exact" || estimator === "leftToRight") return;
  const expected = isDiffusion
    ? `an estimate, since a model of type ${family} does not have its likelihood`
    : `"exact" for a model of type ${family}, which has its likelihood`;
  throw new InvalidArgumentError({ argument: "training.estimator", value: estimator, expected });
}

/** A trained model in the form of the one that it started from. */
function writeTrained(directory: string, { config, parameters, modelDir }: Parameters<typeof saveModel>[1] & { modelDir: string }): void {
  saveModel(directory, { config, parameters, dtype: "F32" });
  for (const file of ["tokenizer.json", "generation_config.json"])
    if (existsSync(join(modelDir, file))) copyFileSync(join(modelDir, file), join(directory, file));
}
