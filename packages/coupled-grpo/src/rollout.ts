import { InvalidArgumentError, type Random } from "@diffucoder/core";
import type { DenoiseTrace } from "@diffucoder/samplers";
import { groupMeanAdvantages, leaveOneOutAdvantages } from "./advantages.ts";
import { MOST_ROLLOUTS } from "./config.ts";
import type { SampleCompletions } from "./completions.ts";
import { type RewardFunction, rewardsOf } from "./rewards.ts";

/** One completion on its way from sampling to the loss. */
export interface Rollout {
  /** Padded on the left to a fixed length. */
  promptIds: number[];
  /** 0 on the left padding. */
  promptMask: number[];
  /** Tokens of the completion, `[L]`. */
  completionIds: number[];
  /** 1 through the first end token; all 1 if there is none. */
  completionMask: number[];
  /** `null`: the reward could not be computed. */
  reward: number | null;
  /** What the reward was made of, by name, if the reward function said so. */
  rewardTerms?: Readonly<Record<string, number | null>>;
  /** How much better than its group it was. */
  advantage: number;
  /** Seeds of what its estimates draw, one for each inner iteration. */
  maskSeeds: number[];
  /** One list for each inner iteration; absent when a single update follows, where they are the current values. */
  oldPerTokenLogProbs?: Float32Array[];
  /** One list for each inner iteration; absent when beta is 0. */
  refPerTokenLogProbs?: Float32Array[];
  /** The trace of its sampling, if there is one. */
  trace?: DenoiseTrace;
}

/** What a rollout is made with. */
export interface RolloutOptions {
  /** Samples completions of the policy: `decoderCompletions` with any decoder and cache, or a function of your own. */
  sample: SampleCompletions;
  /** Token ids of each prompt. */
  prompts: readonly (readonly number[])[];
  /** Completions for each prompt, at least 2. */
  numGenerations: number;
  /** Columns of the prompt; shorter ones are padded on the left. */
  promptLength: number;
  /** Id of the padding token. */
  padTokenId: number;
  /** Tokens that end a completion. */
  eosTokenIds: readonly number[];
  /** Updates that follow: each gets a seed. */
  numIterations: number;
  /** Baseline of a reward: the mean of the others in its group, or of the whole group. */
  baseline: "leaveOneOut" | "groupMean";
  /** Whether advantages are divided by the group's standard deviation. */
  scaleRewards: boolean;
  /** Scores completions. */
  reward: RewardFunction;
  /** Stream of the rollout. */
  random: Random;
  /** Stops the sampling. */
  signal?: AbortSignal | undefined;
}

/**
 * Samples a group of completions for each prompt, scores them and computes advantages. Group after group.
 *
 * @throws {InvalidArgumentError} if a prompt is not a list of token ids, or `reward` does not return a finite number or `null`
 *   for each completion
 * @throws {DiffuCoderError} with code `"REWARD"` if `reward` fails
 * @throws {AbortedError} when stopped by `signal`
 */
export async function rollout(options: RolloutOptions): Promise<Rollout[]> {
  const { sample, prompts, numGenerations, promptLength, padTokenId, numIterations, baseline, scaleRewards, reward, random, signal } = options;
  checkPrompts(options);
  const promptIndex = prompts.flatMap((_, i) => Array.from({ length: numGenerations }, () => i));
  const promptIds = promptIndex.map((i) => prompts[i]!);
  const { completionIds, traces } = await sample({ promptIds, random: random.split("sample"), signal });
  const rewards = await rewardsOf(reward, { completionIds, promptIndex });
  const values = rewards.map((one) => one.reward);
  const advantages = (baseline === "leaveOneOut" ? leaveOneOutAdvantages : groupMeanAdvantages)(values, numGenerations, { scaleRewards });
  const seeds = random.split("mask-seeds");
  return completionIds.map((ids, i): Rollout => {
    const prompt = promptIds[i]!;
    const padding = promptLength - prompt.length;
    const trace = traces?.[i];
    return {
      promptIds: [...Array.from({ length: padding }, () => padTokenId), ...prompt],
      promptMask: Array.from({ length: promptLength }, (_, column) => (column < padding ? 0 : 1)),
      completionIds: [...ids],
      completionMask: completionMask(ids, options.eosTokenIds),
      ...rewards[i]!,
      advantage: advantages[i]!,
      maskSeeds: Array.from({ length: numIterations }, () => seeds.integer(0, 2 ** 32)),
      ...(trace && { trace }),
    };
  });
}

/** 1 through the first end token. */
function completionMask(ids: readonly number[], eosTokenIds: readonly number[]): number[] {
  const end = ids.findIndex((id) => eosTokenIds.includes(id));
  return ids.map((_, column) => (end === -1 || column <= end ? 1 : 0));
}

function checkPrompts({ prompts, numGenerations }: RolloutOptions): void {
  if (!Array.isArray(prompts) || prompts.length === 0)
    throw new InvalidArgumentError({ argument: "prompts", value: prompts, expected: "at least one prompt" });
  if (!Number.isInteger(numGenerations) || numGenerations < 2 || numGenerations * prompts.length > MOST_ROLLOUTS)
    throw new InvalidArgumentError({
      argument: "numGenerations",
      value: numGenerations,
      expected: `an integer of at least 2, for at most ${MOST_ROLLOUTS} completions of ${prompts.length} prompts`,
    });
}
