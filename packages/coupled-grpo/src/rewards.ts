import { DiffuCoderError, InvalidArgumentError } from "@diffucoder/core";

/**
 * Checks rewards that a caller gives.
 *
 * @param completions how many there must be. @default as many as there are
 * @throws {InvalidArgumentError} if there are more or fewer, or one is neither a finite number nor `null`
 */
export function checkRewards(rewards: readonly (number | null)[], completions?: number): void {
  if (!Array.isArray(rewards))
    throw new InvalidArgumentError({ argument: "rewards", value: rewards, expected: "a list, one reward for each completion" });
  if (completions !== undefined && rewards.length !== completions)
    throw new InvalidArgumentError({ argument: "rewards", value: `${rewards.length} of them`, expected: `${completions}, one for each completion` });
  // In index order: `forEach` would skip the holes of a sparse list.
  for (let i = 0; i < rewards.length; i++) {
    const reward: unknown = rewards[i];
    if (reward === null || (typeof reward === "number" && Number.isFinite(Math.fround(reward)))) continue;
    throw new InvalidArgumentError({
      argument: `rewards[${i}]`,
      value: reward,
      expected: `a finite number for completion ${i}, or null where it could not be computed`,
    });
  }
}

/**
 * Calls a reward function of a caller.
 *
 * @throws {DiffuCoderError} with code `"REWARD"` if it fails with an error of its own; errors of this library pass
 */
export async function callReward<T>(reward: () => T | Promise<T>): Promise<T> {
  try {
    return await reward();
  } catch (error) {
    if (error instanceof DiffuCoderError) throw error;
    throw new DiffuCoderError("REWARD", `The reward function failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
