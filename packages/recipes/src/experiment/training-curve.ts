import type { StepMetrics } from "@diffucoder/trainer";

/** Figures of a training step that a record keeps: the curve's name, and the figure's. */
const FIGURES = {
  reward: "reward",
  solved: "rewards/solved",
  kl: "kl",
  gradNorm: "gradNorm",
  clipRatio: "clipRatio",
  completionLength: "completionLength",
  networkTokens: "networkTokens",
} as const;

/** A training's figures by name, one for each step, in five significant digits; `null` where a step lacks one. */
export function trainingCurve(steps: readonly StepMetrics[]): Record<string, (number | null)[]> {
  const columns = Object.entries(FIGURES).map(([name, figure]) => [name, steps.map((step) => rounded(step[figure]))] as const);
  return Object.fromEntries(columns.filter(([, values]) => values.some((value) => value !== null)));
}

function rounded(value: number | null | undefined): number | null {
  if (value === undefined || value === null || !Number.isFinite(value)) return null;
  return Number.isInteger(value) ? value : Number(value.toPrecision(5));
}
