// Coupled-GRPO (DiffuCoder, arXiv 2506.20639, section 5) as a stage of training: a step samples a group of completions for each of a
// few prompts, scores them, and takes `numIterations` optimizer steps on the clipped objective, each through draws of its own.
// Differs from Apple's trainer: 1. prompts come from a function of the step and random streams are split by it, so that a run can be
// stopped and resumed without losing or repeating one; 2. with a single update the old log-probs are the current ones and are not
// computed twice; 3. with `maxStaleness` S the policy that samples step t is that after max(0, t - S) steps. Which one it is depends on the step alone,
// so the result does not depend on who samples, nor on how long that takes; the old log-probs are always computed here, from a copy of those weights.
import { DiffuCoderError, InvalidArgumentError, type Random } from "@diffucoder/core";
import type { LogitsFunction, ModelParameters } from "@diffucoder/diffusion";
import { createDenoiser, type Decoder, type DisposableDenoiser } from "@diffucoder/samplers";
import type { Executor } from "@diffucoder/tensor";
import { cloneParameters, type Stage, type TrainingState } from "@diffucoder/trainer";
import { decoderCompletions, type SampledCompletions, type SampleRequest } from "./completions.ts";
import type { CoupledGrpoConfig } from "./config.ts";
import type { Estimator } from "./estimators/estimator.ts";
import { createPolicy, type Policy } from "./policy.ts";
import type { RewardFunction, RewardRequest } from "./rewards.ts";
import { type Rollout, rollout } from "./rollout.ts";

/** What reinforcement learning changes from step to step. */
export interface CoupledGrpoState extends TrainingState {
  /** The policy that the KL term keeps the trained one close to. */
  reference: ModelParameters;
  /** The policies before the last steps, from the oldest, at most `maxStaleness`. @default none */
  snapshots?: readonly ModelParameters[] | undefined;
}

/** Completions of a step to score. */
export interface StepRewardRequest extends RewardRequest {
  /** Steps done before. */
  step: number;
}

/** Completions of a step to sample. */
export interface StepSampleRequest extends SampleRequest, StepPolicy {
  /** What the next `maxStaleness` steps will ask for, if somebody else can sample it meanwhile. */
  later: readonly StepPolicy[];
}

/** The prompts of a step, and the policy that completes them. */
export interface StepPolicy {
  /** Steps done before. */
  step: number;
  /** Token ids of each completion's prompt. */
  promptIds: readonly (readonly number[])[];
  /** The policy. Its arrays do not change until the step was sampled. */
  parameters: ModelParameters;
  /** Steps after which it was the policy. */
  version: number;
}

/** What is trained, on which prompts and with which rewards. */
export interface RolloutStageOptions {
  /** Settings of the run. */
  config: CoupledGrpoConfig;
  /** The model's network. */
  logits: LogitsFunction;
  /** Whether row i of the logits predicts token i + 1, as in Dream, or token i, as in LLaDA. @default true */
  shift?: boolean | undefined;
  /** Weights that no step changes, such as those below a LoRA adapter; a state's parameters come over them. @default none */
  frozen?: ModelParameters | undefined;
  /** Tokens that the model knows. */
  vocabSize: number;
  /** The mask token. */
  maskTokenId: number;
  /** Token of the padding. */
  padTokenId: number;
  /** Tokens that end a completion. */
  eosTokenIds: readonly number[];
  /** Ids that are never sampled. */
  forbiddenIds: readonly number[];
  /** Positions of the prompt, shorter ones are padded on the left, tokens. */
  promptLength: number;
  /** Positions of the completion, tokens. */
  maxNewTokens: number;
  /** How rollouts are decoded. */
  decoder: Decoder;
  /** Makes the policy as decoders see it, e.g. with a cache; `parameters` returns the current ones. @default without a cache */
  denoiser?: ((parameters: () => ModelParameters) => DisposableDenoiser) | undefined;
  /** Samples a step's completions elsewhere: what `decoder` would write here, to the last token. @default here */
  sample?: ((request: StepSampleRequest) => Promise<SampledCompletions>) | undefined;
  /** How log-probabilities are estimated. @default the one that `config.estimator` names */
  estimator?: Estimator | undefined;
  /** Token ids of a step's prompts: a function of the step alone. */
  prompts: (step: number) => readonly (readonly number[])[];
  /** Scores completions; `promptIndex[i]` says which of the step's prompts completion `i` answers. */
  reward: (request: StepRewardRequest) => ReturnType<RewardFunction>;
  /** Rollouts and masks are drawn from streams split from it by step. */
  random: Random;
  /** Where the network runs. @default ONNX Runtime on the processor */
  executor?: Executor | undefined;
  /** Stops the sampling. */
  signal?: AbortSignal | undefined;
}

/**
 * The stage of coupled-GRPO. Preparing a step fails with code `"REWARD"` if the reward function does, and with `"NO_REWARD"` if no
 * completion of the step could be scored.
 */
export function rolloutStage(options: RolloutStageOptions): Stage<CoupledGrpoState> {
  const { config } = options;
  const { maxStaleness = 0 } = config;
  const policy = createPolicy(options);
  let parameters: ModelParameters = {};
  const current = (): ModelParameters => parameters;
  const denoiser = options.denoiser?.(current) ?? plainDenoiser(options, current);
  const sample = decoderCompletions({ ...options, denoiser });
  return {
    name: "coupled-GRPO",
    steps: config.maxSteps,
    prepare: async (state, { step }) => {
      const started = performance.now();
      const tokensBefore = policy.networkTokens;
      let sampledTokens = 0;
      const policies = policiesOf(state, { step, maxStaleness });
      const whole = policies.map((one) => ({ ...options.frozen, ...one }));
      parameters = whole[0]!;
      const rollouts = await rollout({
        ...config,
        ...options,
        sample: async (request) => {
          const sampled = await (options.sample?.({ ...request, ...stepPolicy(whole, { step, options }) }) ?? sample(request));
          sampledTokens += sampled.forwardTokens ?? 0;
          return sampled;
        },
        prompts: options.prompts(step),
        reward: (request) => options.reward({ ...request, step }),
        random: options.random.split("rollout", step),
      });
      const staleness = policies.length - 1;
      const figures = {
        ...rolloutFigures(rollouts, { step, config }),
        ...(maxStaleness > 0 && { staleness }),
        samplingSeconds: (performance.now() - started) / 1000,
      };
      await addEstimates({ policy, rollouts, state, config, behaviour: config.numIterations > 1 || staleness > 0 ? policies[0] : undefined });
      return {
        // Forward passes of rollouts, estimates and updates; a backward pass costs about twice its forward one, and is not counted.
        figures: () => ({ ...figures, networkTokens: sampledTokens + policy.networkTokens - tokensBefore }),
        updates: Array.from(
          { length: config.numIterations },
          (_, iteration) =>
            async ({ parameters: before, adam, ...kept }: CoupledGrpoState, at) => {
              const result = await policy.update({ parameters: before, adam }, rollouts, { ...at, iteration });
              return { ...result, state: { ...kept, ...result.state } };
            },
        ),
        finish: (trained) => ({
          ...trained,
          ...(maxStaleness > 0 && { snapshots: policies.slice(-maxStaleness) }),
          ...((step + 1) % config.refModelSyncSteps === 0 && { reference: cloneParameters(trained.parameters) }),
        }),
      };
    },
    dispose: () => {
      policy.dispose();
      denoiser.dispose();
    },
  };
}

/**
 * The policies that this step and the next ones sample with, from the oldest; the last is the state's, a copy if it is needed after the updates.
 *
 * @throws {InvalidArgumentError} if the state lacks one
 */
function policiesOf({ parameters, snapshots = [] }: CoupledGrpoState, { step, maxStaleness }: { step: number; maxStaleness: number }) {
  if (maxStaleness === 0) return [parameters];
  const count = Math.min(step, maxStaleness);
  if (snapshots.length === count) return [...snapshots, cloneParameters(parameters)];
  const expected = `${count}, the policies before the last steps, with maxStaleness ${maxStaleness} at step ${step}`;
  throw new InvalidArgumentError({ argument: "state.snapshots", value: `${snapshots.length} of them`, expected });
}

/** The policy that samples a step, and those that will sample the next ones, as far as they are known. */
function stepPolicy(policies: readonly ModelParameters[], { step, options }: { step: number; options: RolloutStageOptions }) {
  const { config, prompts } = options;
  const { maxStaleness = 0, numGenerations, maxSteps } = config;
  const oldest = step - (policies.length - 1);
  const of = (at: number) => {
    const version = Math.max(0, at - maxStaleness);
    return { step: at, version, parameters: policies[version - oldest]! };
  };
  const later = Array.from({ length: Math.min(maxStaleness, maxSteps - 1 - step) }, (_, ahead): StepPolicy => {
    const at = step + 1 + ahead;
    return { ...of(at), promptIds: prompts(at).flatMap((prompt) => Array.from({ length: numGenerations }, () => prompt)) };
  });
  return { ...of(step), later };
}

function plainDenoiser(
  { logits, shift = true, maskTokenId, vocabSize, forbiddenIds, executor }: RolloutStageOptions,
  parameters: () => ModelParameters,
) {
  return createDenoiser({ logits, shift, parameters, maskTokenId, vocabSize, forbiddenIds, ...(executor && { executor }) });
}

/** The figures of a step, besides those of its updates. @throws {DiffuCoderError} with code `"NO_REWARD"` */
function rolloutFigures(rollouts: readonly Rollout[], { step, config }: { step: number; config: CoupledGrpoConfig }): Record<string, number> {
  const rewards = rollouts.flatMap(({ reward }) => reward ?? []);
  if (rewards.length === 0) {
    throw new DiffuCoderError(
      "NO_REWARD",
      `No completion of step ${step + 1} could be scored: the sandbox or the reward function does not work. The last checkpoint is intact; run again to resume from it.`,
    );
  }
  const names = [...new Set(rollouts.flatMap(({ rewardTerms }) => Object.keys(rewardTerms ?? {})))];
  const terms = names.map((name) => [`rewards/${name}`, mean(rollouts.flatMap(({ rewardTerms }) => rewardTerms?.[name] ?? []))]);
  return {
    reward: mean(rewards),
    ...Object.fromEntries(terms),
    // Groups whose completions differ in reward: the others teach nothing.
    informativeGroups: mean(
      groupsOf(rollouts, config.numGenerations).map((group) => (group.some(({ advantage }) => Math.abs(advantage) > 1e-6) ? 1 : 0)),
    ),
    completionLength: mean(rollouts.map(({ completionMask }) => completionMask.reduce((sum, one) => sum + one, 0))),
    infrastructureFailures: rollouts.length - rewards.length,
  };
}

/** Fills in what the objective compares with: the reference and, unless it is the current one, the policy that sampled. */
async function addEstimates({
  policy,
  rollouts,
  state,
  config,
  behaviour,
}: {
  policy: Policy;
  rollouts: Rollout[];
  state: CoupledGrpoState;
  config: CoupledGrpoConfig;
  /** The policy that sampled; `undefined`: it is the one that the only update starts from. */
  behaviour: ModelParameters | undefined;
}): Promise<void> {
  const perIteration = async (parameters: ModelParameters): Promise<Float32Array[][]> => {
    const estimates: Float32Array[][] = [];
    for (let iteration = 0; iteration < config.numIterations; iteration++) estimates.push(await policy.estimate(parameters, rollouts, iteration));
    return rollouts.map((_, row) => estimates.map((rows) => rows[row]!));
  };
  const reference = config.beta > 0 ? await perIteration(state.reference) : undefined;
  const old = behaviour && (await perIteration(behaviour));
  for (const [row, one] of rollouts.entries()) {
    if (reference) one.refPerTokenLogProbs = reference[row]!;
    if (old) one.oldPerTokenLogProbs = old[row]!;
  }
}

function groupsOf<T>(rows: readonly T[], size: number): T[][] {
  return Array.from({ length: rows.length / size }, (_, i) => rows.slice(i * size, (i + 1) * size));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
