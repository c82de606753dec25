// The estimators that the lab compares, by the passes that they take.
import type { EstimatorName, EstimatorOptions } from "@diffucoder/coupled-grpo";
import type { EstimatorFigures } from "@diffucoder/report";

/** An estimator with its settings. */
export interface Setting {
  name: string;
  passes: (length: number) => number;
  estimator: EstimatorName;
  estimatorOptions?: EstimatorOptions;
}

/** K parts without the pass in which all is masked. */
const parts = (count: number, weights: "inverseShare" | "none"): Setting => ({
  name: `${count} parts, ${weights === "none" ? "unweighted" : "weighted"}, no full mask`,
  passes: () => count,
  estimator: "coupled",
  estimatorOptions: { parts: count, lambda: 0, weights },
});

export const settings: readonly Setting[] = [
  { name: "full mask", passes: () => 1, estimator: "fullMask" },
  { name: "coupled", passes: () => 3, estimator: "coupled" },
  { name: "decoupled", passes: () => 3, estimator: "decoupled" },
  { name: "coupled, unweighted", passes: () => 3, estimator: "coupled", estimatorOptions: { weights: "none" } },
  ...[2, 3, 4, 8].map((count) => parts(count, "none")),
  parts(2, "inverseShare"),
  ...[1, 2, 4, 8].map((numMc): Setting => ({
    name: `Monte Carlo, ${numMc}`,
    passes: () => numMc,
    estimator: "monteCarlo",
    estimatorOptions: { numMc },
  })),
  ...[1, 2, 4].map((numMc): Setting => ({
    name: `sequence level, ${numMc} pairs`,
    passes: () => 2 * numMc,
    estimator: "sequenceLevel",
    estimatorOptions: { numMc },
  })),
  { name: "left to right", passes: (length) => length, estimator: "leftToRight" },
];

const families: Partial<Record<EstimatorName, string>> = {
  coupled: "coupled",
  decoupled: "decoupled",
  monteCarlo: "MC",
  sequenceLevel: "ESPO",
};

/** Its figures with what the report knows a setting by. */
export function figuresOf(
  { name, estimator, passes }: Setting,
  length: number,
  figures: Omit<EstimatorFigures, "name" | "family" | "passes">,
): EstimatorFigures {
  return { name, family: families[estimator] ?? "one mask", passes: passes(length), ...figures };
}
