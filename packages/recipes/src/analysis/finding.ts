// What every finding is made of: an interval beside what the paper says, and two sentences.
import type { Estimate, Interval } from "@diffucoder/eval";
import type { AnalysisFinding } from "@diffucoder/report";

type Verdict = AnalysisFinding["verdict"];

/** Whether a difference lies on the side of 0 that the paper says. */
export function verdictOf([low, high]: Interval, paper: "above" | "below"): Verdict {
  if (low > 0) return paper === "above" ? "holds" : "does not hold";
  if (high < 0) return paper === "below" ? "holds" : "does not hold";
  return "undecided";
}

/** Both have to hold, and one that does not is enough. */
export function bothOf(a: Verdict, b: Verdict): Verdict {
  if (a === "does not hold" || b === "does not hold") return "does not hold";
  return a === "holds" && b === "holds" ? "holds" : "undecided";
}

const CONCLUSIONS: Readonly<Record<Verdict, string>> = {
  holds: "The paper's finding holds in these data.",
  "does not hold": "The paper's finding does not hold in these data.",
  undecided: "These data leave the paper's finding undecided: the interval allows both.",
  "not measured": "",
};

/** The second sentence of a finding that was measured. */
export function conclusion(verdict: Verdict): string {
  return CONCLUSIONS[verdict];
}

/** A finding for which something is missing. @param wayOut a sentence */
export function notMeasured(finding: Pick<AnalysisFinding, "id" | "title" | "paper">, wayOut: string): AnalysisFinding {
  return { ...finding, verdict: "not measured", sentences: ["It was not measured.", wayOut], figures: [] };
}

/** `43.1 % (40.2 to 46.0)` */
export function share({ estimate, interval95: [low, high] }: Estimate): string {
  return `${percent(estimate)} % (${percent(low)} to ${percent(high)})`;
}

/** `+3.1 points (1.0 to 5.2)` */
export function points({ difference, interval95: [low, high] }: { difference: number; interval95: Interval }): string {
  return `${signed(difference * 100, 1)} points (${percent(low)} to ${percent(high)})`;
}

/** Points without an interval: `+3.1` */
export const bare = (difference: number): string => signed(difference * 100, 1);

/** `0.42 (0.38 to 0.46)` */
export function number({ estimate, interval95: [low, high] }: Estimate): string {
  return `${estimate.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

/** `+0.10 (0.05 to 0.15)` */
export function change({ difference, interval95: [low, high] }: { difference: number; interval95: Interval }): string {
  return `${signed(difference, 2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

const percent = (value: number): string => (value * 100).toFixed(1);
const signed = (value: number, digits: number): string => `${value < 0 ? "" : "+"}${value.toFixed(digits)}`;
