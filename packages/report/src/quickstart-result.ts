import { z } from "zod";
import type { Interval, PassComparison } from "@diffucoder/eval";

/** What `result.json` of the main job holds. */
export interface QuickstartResult {
  /** Seed of the job, from 0. */
  seed: number;
  /** pass@1 of the held-out tasks, as shares. */
  passAt1: {
    /** Of the model before coupled-GRPO, in [0, 1]. */
    before: number;
    /** Of the model after it, in [0, 1]. */
    after: number;
    /** `after - before`, in [-1, 1]. */
    difference: number;
    /** 95 % interval of the difference, by paired bootstrap over tasks. */
    interval95: Interval;
  };
  /** Held-out tasks that were compared. */
  tasks: number;
  /** Completions drawn for each task. */
  samplesPerTask: number;
  /** Wall-clock time of the whole job, seconds. */
  seconds: number;
}

/** What `result.json` of the main job holds. Shares are in [0, 1], differences in [-1, 1]. */
export const QuickstartResultSchema = z.strictObject({
  seed: z.int().nonnegative(),
  passAt1: z.strictObject({
    before: z.number().min(0).max(1),
    after: z.number().min(0).max(1),
    difference: z.number().min(-1).max(1).describe("after - before"),
    interval95: z.tuple([z.number(), z.number()]).readonly().describe("of the difference, paired bootstrap over tasks"),
  }),
  tasks: z.int().positive().describe("held-out tasks that were compared"),
  samplesPerTask: z.int().positive(),
  seconds: z.number().nonnegative().describe("wall-clock time of the whole job"),
}) satisfies z.ZodType<QuickstartResult>;

/** The machine-readable result of the main job, without what only the report shows. */
export function resultJson({
  seed,
  passAt1: { before, after, difference, interval95 },
  tasks,
  samplesPerTask,
  seconds,
}: {
  /** Seed of the job. */
  seed: number;
  /** pass@1 before and after coupled-GRPO. */
  passAt1: Pick<PassComparison, "before" | "after" | "difference" | "interval95">;
  /** Held-out tasks that were compared. */
  tasks: number;
  /** Completions drawn for each task. */
  samplesPerTask: number;
  /** Wall-clock time of the whole job, seconds. */
  seconds: number;
}): QuickstartResult {
  return { seed, passAt1: { before, after, difference, interval95 }, tasks, samplesPerTask, seconds };
}
