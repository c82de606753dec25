import { type ExecutorOptions, ExecutorOptionsSchema } from "@diffucoder/engine";
import { z } from "zod";
import { type EvaluationSettings, EvaluationSettingsSchema } from "../evaluation/evaluation-settings.ts";

/** Of `train evaluate`: what to evaluate on, and how. */
export interface EvaluateRecipe extends EvaluationSettings, ExecutorOptions {
  /** Of sampling and of the intervals. @default 0 */
  seed: number;
}

/** `EvaluateRecipe` as settings. */
export const EvaluateRecipeSchema = EvaluationSettingsSchema.extend({
  seed: z.int().nonnegative().default(0).describe("seed of sampling and of the intervals"),
  ...ExecutorOptionsSchema.shape,
}) satisfies z.ZodType<EvaluateRecipe>;
