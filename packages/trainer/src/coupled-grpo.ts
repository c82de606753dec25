// Coupled-GRPO (DiffuCoder, arXiv 2506.20639, section 5): one iteration samples a group of completions for each of a few
// prompts, scores them, and takes `numIterations` optimizer steps on the clipped objective, each through masks of its own.
//
//   log p(x_j) is estimated from three passes: all masked, a share r masked, and the complement; see coupled-log-probs.ts
//
// Differs from Apple's trainer: 1. prompts come from a function of the iteration and random streams are split by it, so
// that a run can be stopped and resumed without losing or repeating one; 2. with a single update the old log-probs are
// the current ones and are not computed twice.
import { AbortedError, DiffuCoderError, InvalidArgumentError, type OnProgress, parseConfig, type Random } from "@diffucoder/core";
import { type CoupledGrpoConfig, createPolicy, type Policy, type PolicyMetrics, type Rollout, rollout } from "@diffucoder/coupled-grpo";
import { combineRewards } from "@diffucoder/reward-sandbox";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { createDenoiser, SamplerOptionsSchema } from "@diffucoder/samplers";
import { type Executor, learningRate } from "@diffucoder/tensor";
import type { ParameterArrays, TrainingState } from "./checkpoint.ts";
import { divergedError } from "./diverged-error.ts";
import type { StepMetrics } from "./metrics-log.ts";

/** The parts of a completion's reward; `null` where a part could not be computed, which is not the completion's fault. */
export interface CompletionReward {
  /** Share of tests passed. */
  code: number | null;
  /** Of the answer's form, 0 to 1. */
  format: number | null;
}

/** Completions to score. */
export interface RewardRequest {
  /** Iterations done before. */
  step: number;
  /** Token ids of each completion, as sampled. */
  completionIds: readonly number[][];
  /** Which of the iteration's prompts each completion answers. */
  promptIndex: readonly number[];
}

/** What coupled-GRPO changes from step to step. */
export interface CoupledGrpoState extends TrainingState {
  /** The policy from which the KL term keeps the trained one near. */
  reference: ParameterArrays;
}

/** What coupled-GRPO trains, on which prompts and by which rewards. */
export interface CoupledGrpoOptions {
  /** Settings of the run. */
  config: CoupledGrpoConfig;
  /** The model's network. */
  logits: LogitsFunction;
  /** Tokens that the model knows. */
  vocabSize: number;
  /** Token of a place that is not decided yet. */
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
  /** The state to go on from. Its arrays are taken over. */
  state: CoupledGrpoState;
  /** Iterations done before. */
  startStep?: number;
  /** Token ids of an iteration's prompts: a function of the iteration alone. */
  prompts: (step: number) => readonly (readonly number[])[];
  /** Scores completions; `promptIndex[i]` says which of the iteration's prompts completion `i` answers. */
  reward: (request: RewardRequest) => Promise<readonly CompletionReward[]>;
  /** Rollouts and masks are drawn from streams of it that are split by iteration. */
  random: Random;
  /** Where the network runs. @default ONNX Runtime on the processor */
  executor?: Executor;
  /** Hears of every iteration. */
  onProgress?: OnProgress;
  /** After every iteration. */
  onStep?: (metrics: StepMetrics) => void;
  /** Every `saveSteps` iterations, at the end, and when stopped. The arrays are only valid during the call. */
  onCheckpoint?: (state: CoupledGrpoState, step: number) => void;
  /** Stops the run after a checkpoint. */
  signal?: AbortSignal;
}

/**
 * Runs or resumes coupled-GRPO.
 *
 * @returns the trained state
 * @throws {AbortedError} when stopped by `signal`, after a last checkpoint of the last whole iteration
 * @throws {InvalidArgumentError} if a reward is not a finite number or `null`, after a checkpoint likewise
 * @throws {DiffuCoderError} with code `"DIVERGED"` if the loss or a gradient is not finite, and names the parameters; `"REWARD"` if the
 *   reward function fails; `"NO_REWARD"` if no completion of an iteration could be scored
 */
export async function trainCoupledGrpo(options: CoupledGrpoOptions): Promise<CoupledGrpoState> {
  const { config, startStep = 0, onProgress, onStep, onCheckpoint, signal } = options;
  const policy = createPolicy(options);
  let { state } = options;
  const denoiser = createDenoiser({ ...options, parameters: () => state.parameters });
  try {
    for (let step = startStep; step < config.maxSteps; step++) {
      const started = performance.now();
      const { rollouts, metrics: sampled } = await sampleRollouts({ ...options, denoiser, step }).catch((error: unknown) => {
        onCheckpoint?.(state, step); // sampling and scoring changed nothing
        throw error;
      });
      const sampledAt = performance.now();
      await addEstimates({ policy, rollouts, state, config });
      const lr = learningRate(config, step, config.maxSteps);
      const updates: PolicyMetrics[] = [];
      for (let iteration = 0; iteration < config.numIterations; iteration++) {
        const { parameters, adam, reference } = state;
        const result = await policy.update({ parameters, adam }, rollouts, { iteration, lr, count: step * config.numIterations + iteration + 1 });
        state = { ...result.state, reference };
        const { loss, gradNorm } = result.metrics;
        if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
          if (iteration === 0) onCheckpoint?.(state, step);
          throw divergedError({ what: `Coupled-GRPO diverged in iteration ${step + 1}`, loss, gradNorm, state, gradNorms: result.gradNorms });
        }
        updates.push(result.metrics);
      }
      if ((step + 1) % config.refModelSyncSteps === 0) state = { ...state, reference: cloneAll(state.parameters) };

      const metrics = {
        step: step + 1,
        ...sampled,
        ...meanOfEach(updates),
        learningRate: lr,
        samplingSeconds: (sampledAt - started) / 1000,
        seconds: (performance.now() - started) / 1000,
      };
      onStep?.(metrics);
      onProgress?.({ phase: "coupled-GRPO", step: step + 1, total: config.maxSteps, metrics });
      if ((step + 1) % config.saveSteps === 0 || step + 1 === config.maxSteps) onCheckpoint?.(state, step + 1);
      if (signal?.aborted && step + 1 < config.maxSteps) {
        onCheckpoint?.(state, step + 1);
        throw new AbortedError("Coupled-GRPO");
      }
    }
    return state;
  } finally {
    policy.dispose();
    denoiser.dispose();
  }
}

/** The state of a run that starts: fresh moments, and the policy itself as the reference. */
export function freshCoupledGrpoState(state: TrainingState): CoupledGrpoState {
  return { ...state, reference: cloneAll(state.parameters) };
}

async function sampleRollouts({ denoiser, step, ...options }: CoupledGrpoOptions & { denoiser: ReturnType<typeof createDenoiser>; step: number }) {
  const { config, maxNewTokens } = options;
  let parts: readonly CompletionReward[] = [];
  const rollouts = await rollout({
    ...config,
    ...options,
    denoiser,
    prompts: options.prompts(step),
    sampler: parseConfig(
      SamplerOptionsSchema,
      {
        maxNewTokens,
        steps: config.diffusionSteps,
        alg: "entropy",
        temperature: config.temperature,
        topP: config.topP,
        schedule: "even",
      },
      { source: "sampler" },
    ),
    reward: async (completionIds, promptIndex) => {
      parts = await options.reward({ step, completionIds, promptIndex });
      checkParts(parts, completionIds.length);
      return parts.map(({ code, format }) =>
        combineRewards([
          { weight: config.rewardWeights.code, value: code },
          { weight: config.rewardWeights.format, value: format },
        ]),
      );
    },
    random: options.random.split("rollout", step),
  });
  const rewards = rollouts.flatMap(({ reward }) => (reward === null ? [] : [reward]));
  if (rewards.length === 0) {
    throw new DiffuCoderError(
      "NO_REWARD",
      `No completion of iteration ${step + 1} could be scored: the sandbox does not work. The last checkpoint is intact; run again to go on from it.`,
    );
  }
  const known = (part: keyof CompletionReward): number[] => parts.flatMap((one) => one[part] ?? []);
  const metrics = {
    reward: mean(rewards),
    codeReward: mean(known("code")),
    formatReward: mean(known("format")),
    solved: mean(known("code").map((share) => (share === 1 ? 1 : 0))),
    /** Groups whose completions differ in reward: the others teach nothing. */
    informativeGroups: mean(
      groupsOf(rollouts, config.numGenerations).map((group) => (group.some(({ advantage }) => Math.abs(advantage) > 1e-6) ? 1 : 0)),
    ),
    completionLength: mean(rollouts.map(({ completionMask }) => completionMask.reduce((sum, one) => sum + one, 0))),
    infrastructureFailures: rollouts.length - rewards.length,
  };
  return { rollouts, metrics };
}

/** Checks what the caller's reward function gave, part by part. */
function checkParts(parts: readonly CompletionReward[], completions: number): void {
  const isList = Array.isArray(parts) && parts.length === completions;
  if (!isList)
    throw new InvalidArgumentError({
      argument: "the reward function's answer",
      value: Array.isArray(parts) ? `${parts.length} rewards` : parts,
      expected: `${completions} rewards { code, format }, one for each completion`,
    });
  for (let i = 0; i < completions; i++) {
    for (const part of ["code", "format"] as const) {
      const value: unknown = (parts[i] as CompletionReward | null | undefined)?.[part];
      if (value === null || (typeof value === "number" && Number.isFinite(Math.fround(value)))) continue;
      throw new InvalidArgumentError({
        argument: `${part} of the reward for completion ${i}`,
        value,
        expected: "a finite number, or null where it could not be computed",
      });
    }
  }
}

/** Fills in what the objective compares with: the reference, and with several updates the policy that sampled. */
async function addEstimates({
  policy,
  rollouts,
  state,
  config,
}: {
  policy: Policy;
  rollouts: Rollout[];
  state: CoupledGrpoState;
  config: CoupledGrpoConfig;
}): Promise<void> {
  const perIteration = async (parameters: ParameterArrays): Promise<Float32Array[][]> => {
    const estimates: Float32Array[][] = [];
    for (let iteration = 0; iteration < config.numIterations; iteration++) estimates.push(await policy.estimate(parameters, rollouts, iteration));
    return rollouts.map((_, row) => estimates.map((rows) => rows[row] as Float32Array));
  };
  const reference = config.beta > 0 ? await perIteration(state.reference) : undefined;
  const old = config.numIterations > 1 ? await perIteration(state.parameters) : undefined;
  for (const [row, one] of rollouts.entries()) {
    if (reference) one.refPerTokenLogProbs = reference[row] as Float32Array[];
    if (old) one.oldPerTokenLogProbs = old[row] as Float32Array[];
  }
}

function cloneAll(arrays: ParameterArrays): ParameterArrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.clone()]));
}

function groupsOf<T>(rows: readonly T[], size: number): T[][] {
  return Array.from({ length: rows.length / size }, (_, i) => rows.slice(i * size, (i + 1) * size));
}

function meanOfEach(updates: readonly PolicyMetrics[]): PolicyMetrics {
  const of = (key: keyof PolicyMetrics): number => mean(updates.map((update) => update[key]));
  return { loss: of("loss"), gradNorm: of("gradNorm"), kl: of("kl"), clipRatio: of("clipRatio") };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
