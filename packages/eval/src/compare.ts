import { InvalidArgumentError, type Random } from "@diffucoder/core";
import { estimatePassAtK, pairedDifference, type Interval } from "./bootstrap.ts";
import { passAtK } from "./pass-at-k.ts";
import type { TaskCounts } from "./scoring/summarize-suites.ts";

/** pass@k of the same tasks before and after a change, as shares in [0, 1]. */
export interface PassComparison {
  /** Pass@k before. */
  readonly before: number;
  /** Pass@k after. */
  readonly after: number;
  /** `after - before`. */
  readonly difference: number;
  /** Of `difference`, by paired bootstrap over tasks. A gain is shown if it lies above 0. */
  readonly interval95: Interval;
  /** Of `before` alone. */
  readonly beforeInterval95: Interval;
  /** Of `after` alone. */
  readonly afterInterval95: Interval;
}

/**
 * Compares two evaluations of the same tasks, paired by task id.
 *
 * A task counts if both sides have at least `k` scored samples of it, so that infrastructure failures on one side
 * cannot look like a change of the model.
 *
 * @throws {InvalidArgumentError} if no task is left to compare
 */
export function comparePassAtK(
  before: readonly TaskCounts[],
  after: readonly TaskCounts[],
  {
    k,
    random,
  }: {
    /** Samples of which one has to pass. */
    k: number;
    /** Stream of the bootstraps. */
    random: Random;
  },
): PassComparison & { readonly tasks: number } {
  const afterById = new Map(after.map((result) => [result.taskId, result]));
  const pairs = before.flatMap((first) => {
    const second = afterById.get(first.taskId);
    return second !== undefined && first.n >= k && second.n >= k ? [{ first, second }] : [];
  });
  if (pairs.length === 0) {
    throw new InvalidArgumentError({
      argument: "after",
      value: after.length,
      expected: `results of the tasks in before, with at least ${k} scored samples each`,
    });
  }
  const firsts = pairs.map(({ first }) => first);
  const seconds = pairs.map(({ second }) => second);
  const rate = ({ n, c }: TaskCounts): number => passAtK({ n, c, k });
  const paired = pairedDifference(firsts.map(rate), seconds.map(rate), { random: random.split("paired", k) });
  const one = estimatePassAtK(firsts, k, { random: random.split("before", k) });
  const two = estimatePassAtK(seconds, k, { random: random.split("after", k) });
  return {
    before: one.estimate,
    after: two.estimate,
    ...paired,
    beforeInterval95: one.interval95,
    afterInterval95: two.interval95,
    tasks: pairs.length,
  };
}
