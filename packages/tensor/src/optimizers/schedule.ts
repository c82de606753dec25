import { z } from "zod";

/** A learning rate over the steps of a run, as `LearningRateScheduleSchema` gives it. */
export interface LearningRateSchedule {
  /** How it falls after the warm-up: not at all, along a line, or along half a cosine. @default "cosine_with_min_lr" */
  lrSchedulerType: "constant" | "linear" | "cosine_with_min_lr";
  /** The largest learning rate, above 0. */
  learningRate: number;
  /** Steps in which it rises from 0 along a line. @default 0 */
  warmupSteps: number;
  /** Share of `learningRate` at the end, in [0, 1]; `constant` does not read it. @default 0.1 */
  minLrRate: number;
}

/** A learning rate over the steps of a run; names as in Hugging Face's `lr_scheduler_type`. */
export const LearningRateScheduleSchema = z.strictObject({
  lrSchedulerType: z
    .enum(["constant", "linear", "cosine_with_min_lr"])
    .default("cosine_with_min_lr")
    .describe("how the learning rate falls after the warm-up"),
  learningRate: z.number().positive().max(1000).describe("peak learning rate"),
  warmupSteps: z.int().nonnegative().default(0).describe("steps of linear warm-up from zero"),
  minLrRate: z.number().min(0).max(1).default(0.1).describe("final rate as a share of the peak (linear and cosine)"),
}) satisfies z.ZodType<LearningRateSchedule>;

/**
 * Learning rate of a step.
 *
 * @param step steps done before this one, from 0
 * @param totalSteps length of the run, in steps
 */
export function learningRate(
  { lrSchedulerType, learningRate: peak, warmupSteps, minLrRate }: LearningRateSchedule,
  step: number,
  totalSteps: number,
): number {
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  if (lrSchedulerType === "constant") return peak;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  const share = lrSchedulerType === "linear" ? 1 - progress : (1 + Math.cos(Math.PI * progress)) / 2;
  return peak * (minLrRate + (1 - minLrRate) * share);
}
