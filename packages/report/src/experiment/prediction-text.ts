import { formatPoints } from "../number-format.ts";
import type { ReportComparison } from "./experiment-data.ts";

/** A prediction as a sentence without its full stop. */
export function predictionText({ arm, against, evaluation, k, expected, margin }: ReportComparison): string {
  const points = `${Number((margin * 100).toFixed(1))} points`;
  const subject = `pass@${k} of ${arm} on ${evaluation}`;
  if (expected === "same") return `${subject} is within ${points} of that of ${against}`;
  const [side, than] = expected === "higher" ? ["higher", "above"] : ["lower", "below"];
  return margin === 0 ? `${subject} is ${side} than that of ${against}` : `${subject} is more than ${points} ${than} that of ${against}`;
}

/** What was measured: `+11.3 points (95 % interval +8.0 to +14.6)`. */
export function differenceText({ difference }: ReportComparison): string {
  if (difference === undefined) return "nothing is recorded yet";
  const [low, high] = difference.interval95;
  return `${formatPoints(difference.estimate)} points (95 % interval ${formatPoints(low)} to ${formatPoints(high)})`;
}

/** A verdict in words, and its tone. */
export const VERDICTS = {
  holds: { text: "holds", tone: "good" },
  fails: { text: "does not hold", tone: "bad" },
  open: { text: "undecided", tone: "muted" },
  pending: { text: "not all runs are recorded", tone: "muted" },
} as const satisfies Record<ReportComparison["verdict"], { text: string; tone: string }>;
