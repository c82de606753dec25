import { z } from "zod";
import type { TrainConfig } from "@diffucoder/trainer";
import { LearningRateScheduleSchema } from "@diffucoder/tensor";
import { ESTIMATOR_NAMES, type EstimatorName, estimatorOptionProblems, type EstimatorOptions, EstimatorOptionsSchema } from "./estimators/index.ts";
import { type ImportanceSamplingLevel, KL_ESTIMATORS, type KlEstimator } from "./grpo-loss.ts";

/** Settings of coupled-GRPO, as `CoupledGrpoConfigSchema` gives them; TRL's names in camelCase. */
export interface CoupledGrpoConfig extends TrainConfig {
  /** Seed of the run's random streams. @default 0 */
  seed: number;
  /** Steps: one rollout and `numIterations` updates each. */
  maxSteps: number;
  /** Prompts of a rollout; with `numGenerations` at most 65,536 completions together. */
  promptsPerStep: number;
  /** Completions for each prompt: the group. @default 10 */
  numGenerations: number;
  /** Rollouts of a step are sampled with the policy of so many steps before, so that others can sample them meanwhile. @default 0 */
  maxStaleness?: number | undefined;
  /** Updates on the same rollouts, each with its own draws. @default 2 */
  numIterations: number;
  /** How log-probabilities are estimated, a name of `ESTIMATORS`. @default "coupled" */
  estimator: EstimatorName;
  /** Settings of the estimator. @default {}, its own defaults */
  estimatorOptions: EstimatorOptions;
  /** Parts of a step's rollouts that are scored one after the other: less memory, the same result up to rounding. @default 1 */
  gradientAccumulationSteps: number;
  /** Whether each token has its ratio and its clipping, or the completion one, of its tokens' mean. @default "token" */
  importanceSamplingLevel: ImportanceSamplingLevel;
  /** Baseline of a reward: the mean of the others in its group, or of the whole group. @default "leaveOneOut" */
  baseline: "leaveOneOut" | "groupMean";
  /** Whether advantages are divided by the group's standard deviation. @default false */
  scaleRewards: boolean;
  /** Weight of the KL term; 0 needs no reference. @default 0.01 */
  beta: number;
  /** How the KL divergence is estimated. @default "k3" */
  klEstimator: KlEstimator;
  /** Clipping range below 1. @default 0.5 */
  epsilon: number;
  /** Clipping range above 1. @default `epsilon` */
  epsilonHigh?: number | undefined;
  /** Steps after which the reference becomes the policy. @default 64 */
  refModelSyncSteps: number;
  /** Decay of AdamW's first moment. @default 0.9 */
  adamBeta1: number;
  /** Decay of AdamW's second moment. @default 0.99 */
  adamBeta2: number;
  /** Decoupled weight decay of matrices; norm gains and biases do not decay. @default 0.1 */
  weightDecay: number;
  /** Gradients are scaled down to this global norm. @default 0.2 */
  maxGradNorm: number;
  /** Steps between checkpoints. @default 20 */
  saveSteps: number;
  /** Evaluation figure that chooses the best checkpoint: the largest. @default "evalPassAt1" */
  metricForBestModel: string;
  /** Whether the final model is that of the best checkpoint. @default false: the last one */
  loadBestModelAtEnd: boolean;
  /** Checkpoints to keep; above 1, `train` saves each as a folder `checkpoint-STEP` with its model. @default 1 */
  saveTotalLimit: number;
}

/** The most completions of a step: far beyond what was ever sampled, so that a typo is an error at once. */
export const MOST_ROLLOUTS = 65_536;

/** The oldest policy that rollouts may be of: each step keeps a copy of the weights. */
const MOST_STALENESS = 64;

/** Settings of coupled-GRPO; TRL's names in camelCase. Defaults are the paper's where it has them. */
export const CoupledGrpoConfigSchema = LearningRateScheduleSchema.extend({
  seed: z.int().nonnegative().default(0).describe("of prompts, rollouts and masks"),
  maxSteps: z.int().positive().describe("steps: one rollout and numIterations updates each"),
  promptsPerStep: z.int().positive().max(MOST_ROLLOUTS).describe("prompts of a rollout"),
  numGenerations: z.int().min(2).max(MOST_ROLLOUTS).default(10).describe("completions for each prompt: the group"),
  maxStaleness: z
    .int()
    .nonnegative()
    .max(MOST_STALENESS)
    .optional()
    .describe("rollouts of a step are sampled with the policy of so many steps before, so that workers sample while the trainer trains (default: 0)"),
  numIterations: z.int().positive().max(1024).default(2).describe("updates on the same rollouts, each with its own draws"),
  estimator: z
    .enum(ESTIMATOR_NAMES)
    .default("coupled")
    .describe(`how log-probabilities are estimated: ${ESTIMATOR_NAMES.join(", ")}`),
  estimatorOptions: EstimatorOptionsSchema.prefault({}),
  gradientAccumulationSteps: z
    .int()
    .positive()
    .max(MOST_ROLLOUTS)
    .default(1)
    .describe("parts of a step's rollouts that are scored one after the other: less memory, the same result"),
  importanceSamplingLevel: z.enum(["token", "sequence"]).default("token").describe("whether each token has its ratio, or the completion one"),
  baseline: z
    .enum(["leaveOneOut", "groupMean"])
    .default("leaveOneOut")
    .describe("what a reward is compared with: the mean of the group's other completions (leaveOneOut), or of all (groupMean)"),
  scaleRewards: z.boolean().default(false).describe("whether advantages are divided by the standard deviation of their group's rewards"),
  beta: z.number().nonnegative().max(1000).default(0.01).describe("weight of the KL term"),
  klEstimator: z.enum(KL_ESTIMATORS).default("k3").describe("how the KL divergence is estimated"),
  epsilon: z.number().positive().default(0.5).describe("clipping range below"),
  epsilonHigh: z.number().positive().optional().describe("clipping range above; epsilon if absent"),
  refModelSyncSteps: z.int().positive().default(64).describe("steps after which the reference becomes the policy"),
  adamBeta1: z.number().min(0).lt(1).default(0.9).describe("AdamW: decay of the mean of the gradients"),
  adamBeta2: z.number().min(0).lt(1).default(0.99).describe("AdamW: decay of the mean of their squares"),
  weightDecay: z.number().min(0).max(1000).default(0.1).describe("AdamW: decoupled weight decay of matrices; norms and biases have none"),
  maxGradNorm: z.number().positive().default(0.2).describe("gradients are scaled down to this global norm"),
  saveSteps: z.int().positive().default(20).describe("steps between checkpoints"),
  evalSteps: z.int().positive().optional().describe("steps between evaluations; before the first step and at the end too (default: none)"),
  metricForBestModel: z
    .string()
    .regex(/^evalPassAt[1-9]\d*$/, "expected evalPassAtK, e.g. evalPassAt1")
    .default("evalPassAt1")
    .describe("evaluation figure that chooses checkpoint-best: the largest evalPassAtK; K is 1 or one of evaluation.ks"),
  loadBestModelAtEnd: z.boolean().default(false).describe("whether the final model is that of checkpoint-best"),
  saveTotalLimit: z.int().positive().default(1).describe("checkpoints to keep; above 1, each is a folder checkpoint-STEP with its model"),
}) satisfies z.ZodType<CoupledGrpoConfig>;

/** A check of settings with an estimator: it has the options that are given. */
export function estimatorHasItsOptions({ value, issues }: z.core.ParsePayload<Pick<CoupledGrpoConfig, "estimator" | "estimatorOptions">>): void {
  const { estimator, estimatorOptions } = value;
  for (const { option, problem } of estimatorOptionProblems(estimator, estimatorOptions))
    issues.push({ code: "custom", input: estimatorOptions, path: ["estimatorOptions", option], message: problem });
}
