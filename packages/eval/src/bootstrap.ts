// Percentile bootstrap over tasks (Efron 1979). The task is the unit that is resampled, because the samples of one
// task share its difficulty: treating n * tasks samples as independent would make every interval too narrow.
import { InvalidArgumentError, type Random } from "@diffucoder/core";
import { passAtK, type PassCounts } from "./pass-at-k.ts";

/** Lower and upper end of a 95 % confidence interval. */
export type Interval = readonly [low: number, high: number];

/** A mean over tasks and how sure it is. */
export interface Estimate {
  /** The mean. */
  readonly estimate: number;
  /** 95 % confidence interval of the mean. */
  readonly interval95: Interval;
}

/** How intervals are drawn. */
export interface BootstrapOptions {
  /** Where the resamples come from; the same stream gives the same interval. */
  random: Random;
  /** Number of resamples. @default 10000 */
  resamples?: number;
}

/**
 * Mean of per-task values with its 95 % percentile-bootstrap interval.
 *
 * The interval says how the mean would move with another draw of tasks (and samples) of the same kind. If all values are equal it has no width, which
 * is not certainty: the data merely show no spread.
 *
 * @param values one number per task, shape `[tasks]`
 * @throws {InvalidArgumentError} if `values` is empty or holds a number that is not finite, or `resamples` is not a positive integer
 */
export function bootstrapMean(values: readonly number[], { random, resamples = 10_000 }: BootstrapOptions): Estimate {
  const count = values.length;
  if (count === 0) throw new InvalidArgumentError({ argument: "values", value: values, expected: "one number per task, at least one" });
  if (!values.every(Number.isFinite)) throw new InvalidArgumentError({ argument: "values", value: values, expected: "finite numbers" });
  if (!Number.isSafeInteger(resamples) || resamples < 1) {
    throw new InvalidArgumentError({ argument: "resamples", value: resamples, expected: "a positive integer" });
  }
  const data = Float64Array.from(values);
  const means = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += data[Math.floor(random.uniform() * count)]!;
    means[r] = sum / count;
  }
  means.sort();
  return { estimate: data.reduce((sum, value) => sum + value, 0) / count, interval95: [quantile(means, 0.025), quantile(means, 0.975)] };
}

/**
 * pass@k as the mean over tasks, with a 95 % interval from a bootstrap over tasks.
 *
 * @param counts one entry per task; tasks may differ in `n`, and each needs `n >= k`
 * @throws {InvalidArgumentError} if there is no task, or a task has fewer than `k` samples
 * @example
 * estimatePassAtK([{ n: 8, c: 2 }, { n: 8, c: 6 }], 1, { random: createRandom(0) }).estimate; // 0.5
 */
export function estimatePassAtK(counts: readonly PassCounts[], k: number, options: BootstrapOptions): Estimate {
  if (counts.length === 0) throw new InvalidArgumentError({ argument: "counts", value: counts, expected: "one entry per task, at least one" });
  const values = counts.map(({ n, c }) => passAtK({ n, c, k }));
  return bootstrapMean(values, options);
}

/**
 * Mean of `after[i] - before[i]` over tasks with its 95 % interval. Both lists measure the same tasks in the same
 * order, so the difficulty of a task cancels and the interval is narrower than that of two separate estimates.
 *
 * @param before one pass rate per task, shape `[tasks]`
 * @param after of the same tasks, shape `[tasks]`
 * @throws {InvalidArgumentError} if the lists differ in length or are empty
 */
export function pairedDifference(
  before: readonly number[],
  after: readonly number[],
  options: BootstrapOptions,
): { difference: number; interval95: Interval } {
  if (after.length !== before.length) {
    throw new InvalidArgumentError({ argument: "after", value: after, expected: `as long as before (${before.length} tasks)` });
  }
  const differences = after.map((value, i) => value - before[i]!);
  const { estimate, interval95 } = bootstrapMean(differences, options);
  return { difference: estimate, interval95 };
}

/** Quantile of sorted values with linear interpolation between neighbours (Hyndman & Fan, type 7). */
export function quantile(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1);
  const low = Math.floor(position);
  const a = sorted[low]!;
  const b = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return a + (b - a) * (position - low);
}
