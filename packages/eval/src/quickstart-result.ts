import { z } from "zod";
import type { PassComparison } from "./compare.ts";

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
});

export type QuickstartResult = z.infer<typeof QuickstartResultSchema>;

/** The machine-readable result of the main job, without what only the report shows. */
export function resultJson({
  seed,
  passAt1: { before, after, difference, interval95 },
  tasks,
  samplesPerTask,
  seconds,
}: {
  seed: number;
  passAt1: Pick<PassComparison, "before" | "after" | "difference" | "interval95">;
  tasks: number;
  samplesPerTask: number;
  seconds: number;
}): QuickstartResult {
  return { seed, passAt1: { before, after, difference, interval95 }, tasks, samplesPerTask, seconds };
}
