// DiffuCoder (arXiv 2506.20639): the temperature chooses not only tokens but also their order.
import type { Random } from "@diffucoder/core";
import type { Estimate } from "@diffucoder/eval";
import type { AnalysisFigure, AnalysisFinding, AnalyzedRun } from "@diffucoder/report";
import { change, conclusion, notMeasured, points, verdictOf } from "./finding.ts";
import { type MeasuredRun, pairedRuns, passRate } from "./measures.ts";

/** A run at one temperature. */
export interface TemperatureRun {
  temperature: number;
  run: AnalyzedRun;
  measured: MeasuredRun;
}

const DIVERSITY = {
  id: "temperature-order",
  title: "Temperature and the diversity of orders",
  paper: "a higher temperature, 1.2 instead of 0.2, diversifies the order of generation and not only the tokens.",
};
const PASS = {
  id: "temperature-pass",
  title: "Temperature and pass@k",
  paper: "a higher temperature raises pass@10, so that reinforcement learning has more to find.",
};
const TWO = "Give two temperatures or more, such as --temperature '[0.2,1.2]', and two samples a task or more, to measure it.";

export function temperatureFindings(runs: readonly TemperatureRun[], random: Random): AnalysisFinding[] {
  const [lowest, highest] = endsOf(runs);
  if (lowest === highest) return [notMeasured(DIVERSITY, TWO), notMeasured(PASS, TWO)];
  return [diversityFinding(runs, [lowest, highest], random), passFinding(runs, [lowest, highest], random)];
}

type Ends = readonly [lowest: TemperatureRun, highest: TemperatureRun];

function endsOf(runs: readonly TemperatureRun[]): Ends {
  const sorted = runs.toSorted((a, b) => a.temperature - b.temperature);
  return [sorted[0]!, sorted.at(-1)!];
}

function diversityFinding(runs: readonly TemperatureRun[], [lowest, highest]: Ends, random: Random): AnalysisFinding {
  const tau = pairedRuns(lowest.measured, highest.measured, ({ orderTau }) => orderTau, random.split("tau"));
  const entropy = pairedRuns(lowest.measured, highest.measured, ({ orderEntropy }) => orderEntropy, random.split("entropy"));
  if (tau === undefined || entropy === undefined) return notMeasured(DIVERSITY, TWO);
  const verdict = verdictOf(tau.interval95, "below");
  return {
    ...DIVERSITY,
    verdict,
    sentences: [
      `From temperature ${lowest.temperature} to ${highest.temperature}, Kendall's tau between the orders of two samples of a task changes by ${change(tau)}, and the entropy of orders by ${change(entropy)} nats.`,
      conclusion(verdict),
    ],
    figures: [
      byTemperature(runs, "Kendall's tau between samples", "number", ({ orderTau }) => orderTau),
      byTemperature(runs, "Entropy of orders, nats", "number", ({ orderEntropy }) => orderEntropy),
    ],
  };
}

function passFinding(runs: readonly TemperatureRun[], [lowest, highest]: Ends, random: Random): AnalysisFinding {
  const k = Math.min(...[lowest, highest].map(({ run }) => run.passAtK?.at(-1)?.k ?? 0));
  if (k < 2) return notMeasured(PASS, TWO);
  const difference = pairedRuns(lowest.measured, highest.measured, passRate(k), random.split("pass", k));
  const first = pairedRuns(lowest.measured, highest.measured, passRate(1), random.split("pass", 1));
  if (difference === undefined || first === undefined) return notMeasured(PASS, TWO);
  const verdict = verdictOf(difference.interval95, "above");
  const figure = (wanted: number): AnalysisFigure =>
    byTemperature(runs, `pass@${wanted}`, "share", ({ passAtK }) => passAtK?.find((one) => one.k === wanted));
  return {
    ...PASS,
    verdict,
    sentences: [
      `From temperature ${lowest.temperature} to ${highest.temperature}, pass@${k} changes by ${points(difference)}, and pass@1 by ${points(first)}.`,
      conclusion(verdict),
    ],
    figures: [figure(1), figure(k)],
  };
}

function byTemperature(
  runs: readonly TemperatureRun[],
  title: string,
  unit: "share" | "number",
  valueOf: (run: AnalyzedRun) => Estimate | undefined,
): AnalysisFigure {
  const rows = runs.flatMap(({ temperature, run }) => {
    const value = valueOf(run);
    return value === undefined ? [] : [{ ...value, label: `temperature ${temperature}:` }];
  });
  return { kind: "intervals", title, unit, rows };
}
