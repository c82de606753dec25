import { InvalidArgumentError, type Random } from "@diffucoder/core";
import { type Denoiser, type DenoiseTrace, diffusionGenerate, type SamplerOptions } from "@diffucoder/samplers";
import { groupMeanAdvantages, leaveOneOutAdvantages } from "./advantages.ts";
import { MOST_ROLLOUTS } from "./config.ts";
import { callReward, checkRewards } from "./rewards.ts";

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
  /** How much better than its group it was. */
  advantage: number;
  /** Seeds of the coupled masks, one for each inner iteration. */
  maskSeeds: number[];
  /** One list for each inner iteration; absent when a single update follows, where they are the current values. */
  oldPerTokenLogProbs?: Float32Array[];
  /** One list for each inner iteration; absent when beta is 0. */
  refPerTokenLogProbs?: Float32Array[];
  /** How it came about. */
  trace: DenoiseTrace;
}

/** What a rollout is made with. */
export interface RolloutOptions {
  /** The policy, as samplers see it. */
  denoiser: Denoiser;
  /** Token ids of each prompt. */
  prompts: readonly (readonly number[])[];
  /** Completions for each prompt, at least 2. */
  numGenerations: number;
  /** How completions are sampled. */
  sampler: SamplerOptions;
  /** Columns of the prompt; shorter ones are padded on the left. */
  promptLength: number;
  /** Id of the padding token. */
  padTokenId: number;
  /** Tokens that end a completion. */
  eosTokenIds: readonly number[];
  /** Updates that follow: each gets a mask seed. */
  numIterations: number;
  /** What a reward is compared with: the mean of the others of its group, or of all. */
  baseline: "leaveOneOut" | "groupMean";
  /** Whether advantages are divided by the group's standard deviation. */
  scaleRewards: boolean;
  /** Rewards of completions; `promptIndex[i]` says which prompt completion `i` answers. */
  reward: (completionIds: readonly number[][], promptIndex: readonly number[]) => Promise<readonly (number | null)[]>;
  /** Stream of the rollout. */
  random: Random;
  /** Stops the sampling. */
  signal?: AbortSignal | undefined;
}

/**
 * Samples a group of completions for each prompt, scores them and computes advantages. Group after group.
 *
 * @throws {InvalidArgumentError} if a prompt is no list of token ids, or the answer of `reward` is not a finite number or `null`
 *   for each completion
 * @throws {DiffuCoderError} with code `"REWARD"` if `reward` fails
 * @throws {AbortedError} when stopped by `signal`
 */
export async function rollout(options: RolloutOptions): Promise<Rollout[]> {
  const {
    denoiser,
    prompts,
    numGenerations,
    sampler,
    promptLength,
    padTokenId,
    eosTokenIds,
    numIterations,
    baseline,
    scaleRewards,
    reward,
    random,
    signal,
  } = options;
  if (!Array.isArray(prompts) || prompts.length === 0)
    throw new InvalidArgumentError({ argument: "prompts", value: prompts, expected: "at least one prompt" });
  if (!Number.isInteger(numGenerations) || numGenerations < 2 || numGenerations * prompts.length > MOST_ROLLOUTS)
    throw new InvalidArgumentError({
      argument: "numGenerations",
      value: numGenerations,
      expected: `an integer of at least 2, for at most ${MOST_ROLLOUTS} completions of ${prompts.length} prompts`,
    });
  const promptIndex = prompts.flatMap((_, i) => Array.from({ length: numGenerations }, () => i));
  const { sequences, completionIds, traces } = await diffusionGenerate({
    denoiser,
    promptIds: promptIndex.map((i) => prompts[i] as readonly number[]),
    options: sampler,
    random: random.split("sample"),
    padTokenId,
    promptLength,
    eosTokenIds,
    signal,
  });
  const rewards = await callReward(() => reward(completionIds, promptIndex));
  checkRewards(rewards, completionIds.length);
  const advantages = (baseline === "leaveOneOut" ? leaveOneOutAdvantages : groupMeanAdvantages)(rewards, numGenerations, { scaleRewards });
  const seeds = random.split("mask-seeds");
  return completionIds.map((ids, i): Rollout => {
    const padding = promptLength - (prompts[promptIndex[i] as number] as readonly number[]).length;
    const end = ids.findIndex((id) => eosTokenIds.includes(id));
    return {
      promptIds: (sequences[i] as number[]).slice(0, promptLength),
      promptMask: Array.from({ length: promptLength }, (_, column) => (column < padding ? 0 : 1)),
      completionIds: ids,
      completionMask: ids.map((_, column) => (end === -1 || column <= end ? 1 : 0)),
      reward: rewards[i] as number | null,
      advantage: advantages[i] as number,
      maskSeeds: Array.from({ length: numIterations }, () => seeds.integer(0, 2 ** 32)),
      trace: traces[i] as DenoiseTrace,
    };
  });
}
