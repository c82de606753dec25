import { z } from "zod";

/** Settings of coupled-GRPO, as `CoupledGrpoConfigSchema` gives them; TRL's names in camelCase. */
export interface CoupledGrpoConfig {
  /** Seed of the run's random streams. @default 0 */
  seed: number;
  /** Iterations: one rollout and `numIterations` updates each. */
  maxSteps: number;
  /** Prompts of a rollout; with `numGenerations` at most 65,536 completions together. */
  promptsPerStep: number;
  /** Completions for each prompt: the group. @default 10 */
  numGenerations: number;
  /** Updates on the same rollouts, each with its own masks. @default 2 */
  numIterations: number;
  /** What a reward is compared with: the mean of the others of its group, or of all. @default "leaveOneOut" */
  baseline: "leaveOneOut" | "groupMean";
  /** Whether advantages are divided by the group's standard deviation. @default false */
  scaleRewards: boolean;
  /** Weight of the KL term; 0 needs no reference. @default 0.01 */
  beta: number;
  /** Clipping range below 1. @default 0.5 */
  epsilon: number;
  /** Clipping range above 1. @default `epsilon` */
  epsilonHigh?: number | undefined;
  /** Iterations after which the reference becomes the policy. @default 64 */
  refModelSyncSteps: number;
  /** Weights of the parts of a reward. */
  rewardWeights: {
    /** Of the share of tests passed. @default 2 */
    code: number;
    /** Of the answer's form. @default 0.5 */
    format: number;
  };
  /** Temperature of the rollouts. @default 1.2 */
  temperature: number;
  /** Nucleus sampling of the rollouts, in (0, 1]. @default all tokens */
  topP?: number | undefined;
  /** Denoising steps of a rollout. */
  diffusionSteps: number;
  /** The largest learning rate. */
  learningRate: number;
  /** How the learning rate falls after the warm-up. @default "cosine_with_min_lr" */
  lrSchedulerType: "constant" | "linear" | "cosine_with_min_lr";
  /** Iterations in which the learning rate rises from 0. @default 0 */
  warmupSteps: number;
  /** Share of `learningRate` at the end. @default 0.1 */
  minLrRate: number;
  /** Decay of AdamW's first moment. @default 0.9 */
  adamBeta1: number;
  /** Decay of AdamW's second moment. @default 0.99 */
  adamBeta2: number;
  /** Decoupled weight decay of matrices; norm gains and biases do not decay. @default 0.1 */
  weightDecay: number;
  /** Gradients are scaled down to this global norm. @default 0.2 */
  maxGradNorm: number;
  /** Iterations between checkpoints. @default 20 */
  saveSteps: number;
  /** Checkpoints kept, for who writes them: `train` makes of each a folder `checkpoint-STEP` with its model if there are more than 1. @default 1 */
  saveTotalLimit: number;
}

/** The most completions of an iteration: far beyond what was ever sampled, so that a slip of the pen is an error at once. */
export const MOST_ROLLOUTS = 65_536;

/** Settings of coupled-GRPO; TRL's names in camelCase. Defaults are the paper's where it has them. */
export const CoupledGrpoConfigSchema = z.strictObject({
  seed: z.int().nonnegative().default(0),
  maxSteps: z.int().positive().describe("iterations: one rollout and numIterations updates each"),
  promptsPerStep: z.int().positive().max(MOST_ROLLOUTS).describe("prompts of a rollout"),
  numGenerations: z.int().min(2).max(MOST_ROLLOUTS).default(10).describe("completions for each prompt: the group"),
  numIterations: z.int().positive().max(1024).default(2).describe("updates on the same rollouts, each with its own masks"),
  baseline: z.enum(["leaveOneOut", "groupMean"]).default("leaveOneOut"),
  scaleRewards: z.boolean().default(false),
  beta: z.number().nonnegative().default(0.01).describe("weight of the KL term"),
  epsilon: z.number().positive().default(0.5).describe("clipping range below"),
  epsilonHigh: z.number().positive().optional().describe("clipping range above; epsilon if absent"),
  refModelSyncSteps: z.int().positive().default(64).describe("iterations after which the reference becomes the policy"),
  rewardWeights: z.strictObject({ code: z.number().nonnegative().default(2), format: z.number().nonnegative().default(0.5) }).prefault({}),
  temperature: z.number().positive().default(1.2).describe("of the rollouts"),
  topP: z.number().gt(0).max(1).optional(),
  diffusionSteps: z.int().positive().max(131_072).describe("denoising steps of a rollout"),
  learningRate: z.number().positive(),
  lrSchedulerType: z.enum(["constant", "linear", "cosine_with_min_lr"]).default("cosine_with_min_lr"),
  warmupSteps: z.int().nonnegative().default(0),
  minLrRate: z.number().min(0).max(1).default(0.1),
  adamBeta1: z.number().min(0).max(1).default(0.9),
  adamBeta2: z.number().min(0).max(1).default(0.99),
  weightDecay: z.number().nonnegative().default(0.1),
  maxGradNorm: z.number().positive().default(0.2),
  saveSteps: z.int().positive().default(20).describe("iterations between checkpoints"),
  saveTotalLimit: z.int().positive().default(1).describe("checkpoints kept; above 1 each is a folder checkpoint-STEP with its model"),
}) satisfies z.ZodType<CoupledGrpoConfig>;
