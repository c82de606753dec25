// AceCoder's difficulty filter, as DiffuCoder's recipes/process_data.py computes it: of each task, the pass rates r_1..r_n of samples by the judges;
//
//   kept = mean(r) <= P20(all means)  and  std(r) >= P40(all standard deviations)
//
// with the standard deviation over n, and percentiles between two values interpolated, as numpy does.
// Differs: 1. both percentiles are of all judged tasks, as in the code; the paper says "top 40 %" where the code keeps the top 60 %. 2. no copies of
// tasks with another signature are added. 3. a sample that the sandbox could not judge does not count.
import { InvalidArgumentError } from "@diffucoder/core";

/** A task's pass rates. */
export interface JudgedTask {
  /** Its id. */
  readonly id: string;
  /** Share of the visible tests that each sample passed. */
  readonly passRates: readonly number[];
}

/** What the filter says. */
export interface Difficulty {
  /** Ids of the tasks that stay. */
  readonly kept: ReadonlySet<string>;
  /** A task's mean pass rate must be at most this. */
  readonly meanLimit: number;
  /** The standard deviation of its pass rates must be at least this. */
  readonly stdLimit: number;
}

/** The mean of numbers. */
export const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Their standard deviation, over n. */
export function stdOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}

/**
 * A percentile, with linear interpolation between the two values around it.
 *
 * @param percent 0 to 100
 * @example
 * percentileOf([1, 2, 4], 75); // 3
 */
export function percentileOf(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new InvalidArgumentError({ argument: "values", value: values, expected: "at least one number" });
  const sorted = values.toSorted((a, b) => a - b);
  const place = ((sorted.length - 1) * percent) / 100;
  const below = Math.floor(place);
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  return low + (high - low) * (place - below);
}

/** The tasks that are hard and not hopeless. @throws {InvalidArgumentError} if there is no task, or one without a pass rate */
export function filterByDifficulty(
  tasks: readonly JudgedTask[],
  {
    meanPercentile,
    stdPercentile,
  }: {
    /** Percent; a task's mean must be at most this percentile of all. */
    meanPercentile: number;
    /** Percent; a task's standard deviation must be at least this percentile of all. */
    stdPercentile: number;
  },
): Difficulty {
  const bare = tasks.find(({ passRates }) => passRates.length === 0);
  if (bare !== undefined) throw new InvalidArgumentError({ argument: "tasks", value: bare.id, expected: "tasks with a pass rate each" });
  const figures = tasks.map(({ id, passRates }) => ({ id, mean: meanOf(passRates), std: stdOf(passRates) }));
  const meanLimit = percentileOf(
    figures.map(({ mean }) => mean),
    meanPercentile,
  );
  const stdLimit = percentileOf(
    figures.map(({ std }) => std),
    stdPercentile,
  );
  const kept = figures.filter(({ mean, std }) => mean <= meanLimit && std >= stdLimit).map(({ id }) => id);
  return { kept: new Set(kept), meanLimit, stdLimit };
}
