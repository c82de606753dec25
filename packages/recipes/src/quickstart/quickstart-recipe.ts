import { CoupledGrpoConfigSchema } from "@diffucoder/coupled-grpo";
import { z } from "zod";
import { EvaluationSchema } from "../training/evaluate.ts";
import { RewardSettingsSchema } from "../training/reward-settings.ts";
import { RolloutSamplingSchema } from "../training/rollout-sampling.ts";
import { TrainingTasksSchema } from "../training/tiny-code-run.ts";

export const QuickstartRecipeSchema = z.strictObject({
  seed: z.int().nonnegative().default(0).describe("of the rollouts, the masks and the evaluation's samples"),
  data: TrainingTasksSchema,
  sampling: RolloutSamplingSchema,
  training: CoupledGrpoConfigSchema.omit({ seed: true }).extend(RewardSettingsSchema.shape),
  evaluation: EvaluationSchema,
});

export type QuickstartRecipe = z.output<typeof QuickstartRecipeSchema>;
