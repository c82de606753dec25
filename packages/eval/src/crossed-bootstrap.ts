// Percentile bootstrap over tasks and seeds (the pigeonhole bootstrap, Owen 2007, arXiv 0712.1111). Every seed meets every task, so both are
// resampled, each by itself: a resample is the mean of v[s*][t*] over all pairs of S drawn seeds s* and T drawn tasks t*. A bootstrap over
// tasks alone would answer for these seeds only: another seed of the training moves all tasks at once.
import { InvalidArgumentError } from "@diffucoder/core";
import { bootstrapMean, type BootstrapOptions, type Estimate, quantile } from "./bootstrap.ts";

/**
 * Mean of a value that each task has with each seed, with its 95 % interval for other tasks and other seeds of the same kind. With a single seed it is
 * `bootstrapMean`: nothing is known about others.
 *
 * @param values `[seeds][tasks]`
 * @throws {InvalidArgumentError} if there is no seed or no task, rows differ in length, a number is not finite, or `resamples` is not a positive integer
 * @example
 * bootstrapTasksAndSeeds([[0, 1], [1, 1]], { random: createRandom(0) }).estimate; // 0.75
 */
export function bootstrapTasksAndSeeds(values: readonly (readonly number[])[], options: BootstrapOptions): Estimate {
  const [first] = values;
  if (first === undefined || values.some((row) => row.length !== first.length))
    throw new InvalidArgumentError({ argument: "values", value: values, expected: "a row for each seed, all as long: one number for each task" });
  if (values.length === 1) return bootstrapMean(first, options);
  const { estimate } = bootstrapMean(values.flat(), { ...options, resamples: 1 }); // checks the numbers
  const { random, resamples = 10_000 } = options;
  if (!Number.isSafeInteger(resamples) || resamples < 1)
    throw new InvalidArgumentError({ argument: "resamples", value: resamples, expected: "a positive integer" });
  const [seeds, tasks] = [values.length, first.length];
  const rows = values.map((row) => Float64Array.from(row));
  const means = new Float64Array(resamples);
  const drawnTasks = new Int32Array(tasks);
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < tasks; i++) drawnTasks[i] = Math.floor(random.uniform() * tasks);
    let sum = 0;
    for (let s = 0; s < seeds; s++) {
      const row = rows[Math.floor(random.uniform() * seeds)]!;
      for (let i = 0; i < tasks; i++) sum += row[drawnTasks[i]!]!;
    }
    means[r] = sum / (seeds * tasks);
  }
  means.sort();
  return { estimate, interval95: [quantile(means, 0.025), quantile(means, 0.975)] };
}

/**
 * Mean of `after - before` over the same tasks and seeds, with its interval: the difficulty of a task and the luck of a seed cancel where both sides share
 * them.
 *
 * @param before `[seeds][tasks]`
 * @param after of the same seeds and tasks, `[seeds][tasks]`
 * @throws {InvalidArgumentError} if the two differ in shape, or as `bootstrapTasksAndSeeds`
 */
export function pairedDifferenceOverSeeds(
  before: readonly (readonly number[])[],
  after: readonly (readonly number[])[],
  options: BootstrapOptions,
): Estimate {
  const sizes = (values: readonly (readonly number[])[]): string => values.map(({ length }) => length).join();
  if (sizes(before) !== sizes(after))
    throw new InvalidArgumentError({ argument: "after", value: after, expected: `of the shape of before (${before.length} seeds)` });
  return bootstrapTasksAndSeeds(
    after.map((row, seed) => row.map((value, task) => value - before[seed]![task]!)),
    options,
  );
}
