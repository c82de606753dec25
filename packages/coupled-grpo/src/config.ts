import { z } from "zod";

/** Settings of coupled-GRPO; TRL's names in camelCase. Defaults are the paper's where it has them. */
export const CoupledGrpoConfigSchema = z.strictObject({
  seed: z.int().nonnegative().default(0),
  maxSteps: z.int().positive().describe("iterations: one rollout and numIterations updates each"),
  promptsPerStep: z.int().positive().describe("prompts of a rollout"),
  numGenerations: z.int().min(2).default(10).describe("completions for each prompt: the group"),
  numIterations: z.int().positive().default(2).describe("updates on the same rollouts, each with its own masks"),
  baseline: z.enum(["leaveOneOut", "groupMean"]).default("leaveOneOut"),
  scaleRewards: z.boolean().default(false),
  beta: z.number().nonnegative().default(0.01).describe("weight of the KL term"),
  epsilon: z.number().positive().default(0.5).describe("clipping range below"),
  epsilonHigh: z.number().positive().optional().describe("clipping range above; epsilon if absent"),
  refModelSyncSteps: z.int().positive().default(64).describe("iterations after which the reference becomes the policy"),
  rewardWeights: z.strictObject({ code: z.number().nonnegative().default(2), format: z.number().nonnegative().default(0.5) }).prefault({}),
  temperature: z.number().positive().default(1.2).describe("of the rollouts"),
  topP: z.number().gt(0).max(1).optional(),
  diffusionSteps: z.int().positive().describe("denoising steps of a rollout"),
  learningRate: z.number().positive(),
  lrSchedulerType: z.enum(["constant", "linear", "cosine_with_min_lr"]).default("cosine_with_min_lr"),
  warmupSteps: z.int().nonnegative().default(0),
  minLrRate: z.number().min(0).max(1).default(0.1),
  adamBeta1: z.number().min(0).max(1).default(0.9),
  adamBeta2: z.number().min(0).max(1).default(0.99),
  weightDecay: z.number().nonnegative().default(0.1),
  maxGradNorm: z.number().positive().default(0.2),
  saveSteps: z.int().positive().default(20).describe("iterations between checkpoints"),
});

export type CoupledGrpoConfig = z.output<typeof CoupledGrpoConfigSchema>;
