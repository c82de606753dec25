// Which of several decoding settings to recommend: the one of the fewest forward passes among those that are shown to solve as much as the
// baseline. Passes, tokens and verdicts of greedy decoding depend on no clock, so neither does the choice.
//
// With d the paired difference of pass@1 to the baseline and [low, high] its 95 % interval over n tasks, at least 3/n to both sides (what has
// happened on none of n tasks may happen on 3 in n), a setting is
//   as good     if low >= -MARGIN: the interval is narrow enough to tell that nothing beyond the margin is lost;
//   worse       if high < -MARGIN;
//   undecided   else, and more tasks tell, as long as there are some.
// What is undecided in the end is not recommended. Passes that differ by less than a tenth count as equal (a cache changes them by that
// much); then the fewest tokens through the network decide.
import { createRandom } from "@diffucoder/core";
import { type Interval, pairedDifference } from "@diffucoder/eval";

/** Share of the tasks that a recommended setting may lose at most, with 95 % confidence. */
export const MARGIN = 0.03;

const ABOUT_EQUAL = 1.1;

export type Standing = "as good" | "worse" | "undecided";

/** How a setting stands to the baseline on the tasks that it has seen, which are the first of the baseline's. */
export function standing(baseline: readonly boolean[], passed: readonly boolean[]) {
  const share = (pass: boolean): number => (pass ? 1 : 0);
  const random = createRandom(0).split("paired");
  const { difference, interval95 } = pairedDifference(baseline.slice(0, passed.length).map(share), passed.map(share), { random });
  const least = 3 / passed.length;
  const interval: Interval = [Math.min(interval95[0], difference - least), Math.max(interval95[1], difference + least)];
  return { difference, interval95: interval, standing: standingOf(interval) };
}

export function standingOf([low, high]: Interval): Standing {
  if (low >= -MARGIN) return "as good";
  return high < -MARGIN ? "worse" : "undecided";
}

/** A setting, what it costs, and how it stands to the baseline. */
export interface Contender {
  forwardPasses: number;
  forwardTokens: number;
  standing: Standing;
}

/** The setting to recommend; the baseline if no other is as good. */
export function recommended<C extends Contender>(baseline: C, others: readonly C[]): C {
  const asGood = others.filter((one) => one.forwardPasses < baseline.forwardPasses && one.standing === "as good");
  const fewest = Math.min(...asGood.map(({ forwardPasses }) => forwardPasses));
  const cheapest = asGood.filter(({ forwardPasses }) => forwardPasses < ABOUT_EQUAL * fewest).sort((a, b) => a.forwardTokens - b.forwardTokens);
  return cheapest[0] ?? baseline;
}
