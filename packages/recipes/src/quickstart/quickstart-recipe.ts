import { CoupledGrpoConfigSchema } from "@diffucoder/coupled-grpo";
import { z } from "zod";
import { EvaluationSettingsSchema } from "../evaluation/evaluation-settings.ts";
import { RewardSettingsSchema } from "../training/reward-settings.ts";
import { RolloutSamplingSchema } from "../training/rollout-sampling.ts";
import { TrainingDataSchema } from "../training/task-rewards.ts";

export const QuickstartRecipeSchema = z.strictObject({
  seed: z.int().nonnegative().default(0).describe("of the rollouts, the masks and the evaluation's samples"),
  data: TrainingDataSchema,
  sampling: RolloutSamplingSchema,
  training: CoupledGrpoConfigSchema.omit({ seed: true }).extend(RewardSettingsSchema.shape),
  evaluation: EvaluationSettingsSchema,
});

export type QuickstartRecipe = z.output<typeof QuickstartRecipeSchema>;
