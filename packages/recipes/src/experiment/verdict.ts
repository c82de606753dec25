// What an interval says about a prediction. The decision rule of every plan.
import type { Interval } from "@diffucoder/eval";
import type { ExperimentComparison } from "./plan.ts";

/** `"pending"`: not all planned runs are recorded, and looking early decides nothing. */
export type Verdict = "holds" | "fails" | "open" | "pending";

/**
 * Whether a prediction holds: the whole interval lies where the difference was predicted. It fails if the whole interval lies elsewhere, and is open
 * otherwise.
 */
export function verdictOf(
  { expected, margin }: Pick<ExperimentComparison, "expected" | "margin">,
  [low, high]: Interval,
): Exclude<Verdict, "pending"> {
  switch (expected) {
    case "higher":
      return low > margin ? "holds" : high <= margin ? "fails" : "open";
    case "lower":
      return high < -margin ? "holds" : low >= -margin ? "fails" : "open";
    case "same":
      return low >= -margin && high <= margin ? "holds" : low > margin || high < -margin ? "fails" : "open";
  }
}
