// TraceRL (arXiv 2509.06949): each token in the context in which it was revealed. With s steps of the rollout scored together:
//   g_j = floor(step of j / s),    logp_j = lp_j of a pass that masks all tokens with g >= g_j:    as many passes as there are groups.
// With s = 1 it is exact for the order that was drawn, and the estimate of the policy's own trajectory. Differs: 1. a token that was changed
// again counts where it got its last value; 2. columns that the end of a completion filled are revealed in the step that filled them.
import { InvalidArgumentError } from "@diffucoder/core";
import { z } from "zod";
import type { Rollout } from "../rollout.ts";
import type { Estimator } from "./estimator.ts";
import { drawnPasses, passesLogProbs, type RowPasses } from "./masked-passes.ts";

/** Settings of `traceReplay`. */
export interface TraceReplayOptions {
  /** Denoising steps that are scored together, s, each group in one pass. @default 8 */
  shrink: number;
}

/** `TraceReplayOptions` as settings. */
export const TraceReplayOptionsSchema = z.strictObject({
  shrink: z.int().positive().max(65_536).default(8).describe("denoising steps that are scored together in one pass"),
}) satisfies z.ZodType<TraceReplayOptions>;

/** Every token from a pass that sees what stood when it was revealed. Needs the rollouts' traces. */
export function traceReplay({ shrink }: TraceReplayOptions = { shrink: 8 }): Estimator {
  return {
    draw: (rollouts) => {
      const groups = rollouts.map((rollout) => revealedIn(rollout).map((step) => Math.floor(step / shrink)));
      const passes = 1 + Math.max(...groups.flat());
      return drawnPasses(groups.map((groupOf) => replay(groupOf, passes)));
    },
    logProbs: passesLogProbs,
  };
}

/** The step in which each token got its last value, `[L]`. */
function revealedIn({ trace, completionIds: { length } }: Rollout): number[] {
  if (trace === undefined)
    throw new InvalidArgumentError({
      argument: "rollouts",
      value: "no trace",
      expected: "rollouts with the traces of their sampling, for traceReplay",
    });
  const start = trace.initialIds.length - length;
  const steps = new Array<number>(length).fill(0);
  if (trace.steps.some(({ expanded, deleted }) => (expanded?.length ?? 0) + (deleted?.length ?? 0) > 0))
    throw new InvalidArgumentError({
      argument: "rollouts",
      value: "columns that came or went",
      expected: "completions of one length, for traceReplay",
    });
  trace.steps.forEach(({ positions, filled = [] }, step) => {
    for (const column of [...positions, ...filled]) if (column >= start) steps[column - start] = step;
  });
  return steps;
}

function replay(groupOf: readonly number[], passes: number): RowPasses {
  return {
    masks: Array.from({ length: passes }, (_, pass) => Uint8Array.from(groupOf, (group) => (group >= pass ? 1 : 0))),
    readings: [{ pass: groupOf, weight: new Float32Array(groupOf.length).fill(1) }],
  };
}
