import { type CoupledGrpoConfig, CoupledGrpoConfigSchema, estimatorHasItsOptions } from "@diffucoder/coupled-grpo";
import { type ExecutorOptions, ExecutorOptionsSchema } from "@diffucoder/engine";
import type { DecodingOptions } from "@diffucoder/samplers";
import { z } from "zod";
import { type EvaluationSettings, EvaluationSettingsSchema } from "../evaluation/evaluation-settings.ts";
import { bestNeedsEvaluation } from "../training/best-checkpoint.ts";
import { type RewardSettings, RewardSettingsSchema, somethingIsPaid } from "../training/reward-settings.ts";
import { RolloutSamplingSchema } from "../training/rollout-sampling.ts";
import { type TrainingData, TrainingDataSchema } from "../training/task-rewards.ts";

/** What `npm start` does: evaluate, train, evaluate again. */
export interface QuickstartRecipe extends ExecutorOptions {
  /** Seed of the rollouts, the masks and the evaluation's samples. @default 0 */
  seed: number;
  /** Which tasks to train on. */
  data: TrainingData;
  /** How rollouts are decoded; the model supplies the rest. */
  sampling: Omit<DecodingOptions, "seed">;
  /** Settings of coupled-GRPO, and what a completion earns. */
  training: Omit<CoupledGrpoConfig, "seed"> & RewardSettings;
  /** Tasks before and after, and how their samples are drawn. */
  evaluation: EvaluationSettings;
}

/** `QuickstartRecipe` as a file's data. */
export const QuickstartRecipeSchema = z.strictObject({
  seed: z.int().nonnegative().default(0).describe("seed of the rollouts, the masks and the evaluation's samples"),
  data: TrainingDataSchema,
  sampling: RolloutSamplingSchema,
  training: CoupledGrpoConfigSchema.omit({ seed: true })
    .extend(RewardSettingsSchema.shape)
    .refine(...bestNeedsEvaluation)
    .refine(...somethingIsPaid)
    .check(estimatorHasItsOptions),
  evaluation: EvaluationSettingsSchema,
  ...ExecutorOptionsSchema.shape,
}) satisfies z.ZodType<QuickstartRecipe>;
