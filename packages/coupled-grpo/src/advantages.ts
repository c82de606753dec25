// Advantages of a group of G completions of one prompt, from their rewards r_1..r_G:
//   leave one out (RLOO; hard-coded in Apple's coupled_grpo.py):  A_i = r_i - mean of the others
//   group mean (GRPO; the paper's main row):                      A_i = r_i - mean of all
// Differs: a reward of `null` (the reward could not be computed) leaves its group and gets advantage 0, so that an infrastructure failure teaches
// nothing.
import { InvalidArgumentError } from "@diffucoder/core";
import { checkRewards } from "./rewards.ts";

/** Settings of an advantage. */
export interface AdvantageOptions {
  /** Divide by the group's standard deviation + 1e-4. @default false */
  scaleRewards?: boolean;
}

/**
 * Advantages with the mean of the other completions of the group as the baseline.
 *
 * @param rewards group after group; `null`: could not be computed
 * @returns one advantage for each reward
 * @throws {InvalidArgumentError} if the rewards do not split into groups of at least two, or one is not a finite number or `null`
 */
export function leaveOneOutAdvantages(rewards: readonly (number | null)[], groupSize: number, options: AdvantageOptions = {}): number[] {
  // r - mean of the others = (r - mean of all) G / (G - 1)
  return byGroup(
    rewards,
    groupSize,
    (deviations) => {
      const factor = deviations.length / (deviations.length - 1);
      return deviations.map((deviation) => deviation * factor);
    },
    options,
  );
}

/** Like `leaveOneOutAdvantages`, with the mean of the whole group as the baseline. @throws as it */
export function groupMeanAdvantages(rewards: readonly (number | null)[], groupSize: number, options: AdvantageOptions = {}): number[] {
  return byGroup(rewards, groupSize, (deviations) => deviations, options);
}

function byGroup(
  rewards: readonly (number | null)[],
  groupSize: number,
  baseline: (deviations: number[]) => number[],
  { scaleRewards = false }: AdvantageOptions,
): number[] {
  if (!Number.isInteger(groupSize) || groupSize < 2)
    throw new InvalidArgumentError({ argument: "groupSize", value: groupSize, expected: "an integer of at least 2" });
  if (rewards.length % groupSize !== 0)
    throw new InvalidArgumentError({ argument: "rewards", value: `${rewards.length} rewards`, expected: `a multiple of groupSize (${groupSize})` });
  checkRewards(rewards);
  const advantages = rewards.map(() => 0);
  for (let start = 0; start < rewards.length; start += groupSize) {
    const known = Array.from({ length: groupSize }, (_, i) => start + i).filter((i) => rewards[i] !== null);
    if (known.length < 2) continue;
    const values = known.map((i) => rewards[i]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviations = values.map((value) => value - mean);
    const scale = scaleRewards ? Math.sqrt(deviations.reduce((sum, deviation) => sum + deviation ** 2, 0) / (values.length - 1)) + 1e-4 : 1;
    baseline(deviations).forEach((advantage, i) => (advantages[known[i]!] = advantage / scale));
  }
  return advantages;
}
