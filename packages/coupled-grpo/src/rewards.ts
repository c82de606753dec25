import { DiffuCoderError, InvalidArgumentError } from "@diffucoder/core";

/** Completions to score. */
export interface RewardRequest {
  /** Token ids of each completion, as sampled. */
  completionIds: readonly (readonly number[])[];
  /** Which of the prompts each completion answers. */
  promptIndex: readonly number[];
}

/** What a completion earned, in the form of `scoreCompletions` of `@diffucoder/reward-sandbox`. */
export interface CompletionScore {
  /** `null` if it could not be computed, which is not the completion's fault. */
  reward: number | null;
  /** What it was made of; each becomes a figure of the step. @default not known */
  terms?:
    | readonly {
        /** Its name. */
        name: string;
        /** `null` if it could not be computed. */
        value: number | null;
      }[]
    | undefined;
}

/** Scores completions: a number for each, `null` where it could not be computed, or a `CompletionScore`. */
export type RewardFunction = (request: RewardRequest) => Promise<readonly (number | null | CompletionScore)[]>;

/** A checked reward, with its terms by name. */
export interface CheckedReward {
  /** `null` if it could not be computed. */
  reward: number | null;
  /** What it was made of. */
  rewardTerms?: Record<string, number | null>;
}

/**
 * Calls a reward function and checks its answer.
 *
 * @throws {DiffuCoderError} with code `"REWARD"` if it fails with an error of its own; errors of this library pass
 * @throws {InvalidArgumentError} if there are more or fewer rewards than completions, or one is neither a finite number nor `null`
 */
export async function rewardsOf(reward: RewardFunction, request: RewardRequest): Promise<CheckedReward[]> {
  const completions = request.completionIds.length;
  const answer = await callReward(() => reward(request));
  checkList(answer, completions);
  // In index order: `map` would skip the holes of a sparse list.
  return Array.from({ length: completions }, (_, i) => {
    const one = answer[i];
    const isScore = typeof one === "object" && one !== null && !Array.isArray(one);
    const value = isScore ? one.reward : one;
    checkReward(`rewards[${i}]`, value, `a finite number for completion ${i}, or null where it could not be computed`);
    const terms = isScore ? one.terms : undefined;
    if (!Array.isArray(terms)) return { reward: value };
    for (const term of terms)
      checkReward(`rewards[${i}] of ${term.name}`, term.value, `a finite number for completion ${i}, or null where it could not be computed`);
    return { reward: value, rewardTerms: Object.fromEntries(terms.map((term) => [term.name, term.value])) };
  });
}

/**
 * Checks rewards that a caller gives.
 *
 * @throws {InvalidArgumentError} if one is neither a finite number nor `null`
 */
export function checkRewards(rewards: readonly (number | null)[]): void {
  checkList(rewards);
  for (let i = 0; i < rewards.length; i++)
    checkReward(`rewards[${i}]`, rewards[i], `a finite number for completion ${i}, or null where it could not be computed`);
}

function checkList(rewards: unknown, completions?: number): void {
  if (!Array.isArray(rewards))
    throw new InvalidArgumentError({ argument: "rewards", value: rewards, expected: "a list, one reward for each completion" });
  if (completions !== undefined && rewards.length !== completions)
    throw new InvalidArgumentError({ argument: "rewards", value: `${rewards.length} of them`, expected: `${completions}, one for each completion` });
}

function checkReward(argument: string, value: unknown, expected: string): asserts value is number | null {
  if (value === null || (typeof value === "number" && Number.isFinite(Math.fround(value)))) return;
  throw new InvalidArgumentError({ argument, value, expected });
}

async function callReward<T>(reward: () => T | Promise<T>): Promise<T> {
  try {
    return await reward();
  } catch (error) {
    if (error instanceof DiffuCoderError) throw error;
    throw new DiffuCoderError("REWARD", `The reward function failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
