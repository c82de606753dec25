// The compiled functions of reinforcement learning: estimates of rollouts under a policy, and updates of one.
import type { ModelParameters } from "@diffucoder/diffusion";
import { createOptimizerStep, type LossFigures, type StepPosition, type StepResult, type TrainingState } from "@diffucoder/trainer";
import { compile, div, type Executor, float32, int32, max, maximum, mul, type NdArray, reshape, split, sum, type Tensor } from "@diffucoder/tensor";
import { checkScored, checkTrained } from "./check-rollouts.ts";
import type { CoupledGrpoConfig } from "./config.ts";
import type { EstimatedNetwork, Estimator, RolloutBatch } from "./estimators/estimator.ts";
import { createEstimator } from "./estimators/index.ts";
import { grpoLoss } from "./grpo-loss.ts";
import { countTokens } from "./network-tokens.ts";
import type { Rollout } from "./rollout.ts";

/** The compiled functions of reinforcement learning. */
export interface Policy {
  /** Estimates of rollouts' log-probabilities through the draws of an inner iteration, for each rollout one `[L]`, or `[1]` of the completion. */
  estimate(parameters: ModelParameters, rollouts: readonly Rollout[], iteration: number): Promise<Float32Array[]>;
  /**
   * One optimizer step on rollouts; its figures are `clipRatio` and, with a reference, `kl`. The state's arrays are taken over. If the loss or a gradient is
   * not finite they come back unchanged; `gradNorms`, one for each parameter, then says where.
   */
  update(state: TrainingState, rollouts: readonly Rollout[], at: UpdatePosition): Promise<StepResult>;
  /** Tokens that went forward through the network in all estimates and updates so far: rows times columns, padding included. */
  readonly networkTokens: number;
  /** Frees the compiled plans. */
  dispose(): void;
}

/** Where an update stands. */
export interface UpdatePosition extends StepPosition {
  /** Which of the rollouts' draws and estimates, from 0. */
  iteration: number;
}

/** What `createPolicy` is made from. */
export interface PolicyOptions extends EstimatedNetwork {
  /** Tokens of the vocabulary: rollouts with other ids are refused. @default unknown: only values that cannot be ids are refused */
  vocabSize?: number | undefined;
  /** Weights that no update changes, such as those below a LoRA adapter; a state's parameters come over them. @default none */
  frozen?: ModelParameters | undefined;
  /** How log-probabilities are estimated. @default the one that `config.estimator` names */
  estimator?: Estimator | undefined;
  /** Settings of the objective and of the optimizer. */
  config: Pick<
    CoupledGrpoConfig,
    "estimator" | "beta" | "klEstimator" | "epsilon" | "epsilonHigh" | "adamBeta1" | "adamBeta2" | "weightDecay" | "maxGradNorm"
  > &
    Partial<Pick<CoupledGrpoConfig, "estimatorOptions" | "importanceSamplingLevel" | "gradientAccumulationSteps">>;
  /** Where it runs. @default ONNX Runtime */
  executor?: Executor | undefined;
}

type Scored<Leaf> = { rollouts: { [key in keyof RolloutBatch]: Leaf }; drawn: Record<string, Leaf>; frozen: Record<string, Leaf> };
type Trained<Leaf> = Scored<Leaf> & {
  advantages: Leaf;
  oldLogProbs?: Leaf;
  refLogProbs?: Leaf;
  /** `[2]`, tokens and completions that count, on average over the parts of a step; absent if there is one part. */
  meanCounts?: Leaf;
};

/**
 * Compiles estimates and updates of a policy. Plans are made at the first call and freed by `dispose`. Both refuse rollouts whose
 * ids, masks, seeds, advantages or lengths are wrong, with an `InvalidArgumentError` that names rollout and field.
 */
export function createPolicy({ logits, shift, maskTokenId, vocabSize, frozen = {}, estimator, config, executor }: PolicyOptions): Policy {
  const { gradientAccumulationSteps = 1 } = config;
  const chosen = estimator ?? createEstimator(config);
  const { logProbs, tokensOf } = countTokens(chosen);
  let networkTokens = 0;
  const network = { logits, shift, maskTokenId };
  const traced = (parameters: Record<string, Tensor>, batch: Scored<Tensor>): Tensor =>
    logProbs(network, { ...batch.frozen, ...parameters }, batch.rollouts, batch.drawn);
  const estimate = compile((parameters: Record<string, Tensor>, batch: Scored<Tensor>) => ({ logProbs: traced(parameters, batch) }), {
    name: "estimate",
    ...(executor && { executor }),
  });
  const loss = policyLoss({ config, estimate: traced });
  const optimizer = createOptimizerStep<Trained<Tensor>>({ ...config, loss, name: "coupled-grpo", executor });
  const scored = (rollouts: readonly Rollout[], iteration: number): Scored<NdArray> => ({
    rollouts: rolloutBatch(rollouts),
    drawn: chosen.draw(rollouts, iteration),
    frozen,
  });
  return {
    get networkTokens() {
      return networkTokens;
    },
    dispose: () => {
      estimate.dispose();
      optimizer.dispose();
    },
    estimate: async (parameters, rollouts, iteration) => {
      checkScored(rollouts, { iteration, vocabSize });
      const estimates: Float32Array[] = [];
      for (const part of partsOf(rollouts, gradientAccumulationSteps)) {
        const batch = scored(part, iteration);
        const { data, size } = (await estimate(parameters, batch)).logProbs;
        networkTokens += tokensOf(batch);
        const length = size / part.length;
        estimates.push(...part.map((_, row) => (data as Float32Array).slice(row * length, (row + 1) * length)));
      }
      return estimates;
    },
    update: async (state, rollouts, { iteration, lr, count }) => {
      checkScored(rollouts, { iteration, vocabSize });
      checkTrained(rollouts, { iteration });
      const parts = partsOf(rollouts, gradientAccumulationSteps);
      const meanCounts = parts.length > 1 ? { meanCounts: meanCountsOf(rollouts, parts.length) } : {};
      const batches = parts.map((part) => ({ ...scored(part, iteration), ...trained(part, iteration), ...meanCounts }));
      const result = await optimizer.run(state, batches, { lr, count });
      for (const batch of batches) networkTokens += tokensOf(batch);
      return result;
    },
  };
}

/** The loss of a part of a step, traced. */
function policyLoss({
  config,
  estimate,
}: Pick<PolicyOptions, "config"> & { estimate: (parameters: Record<string, Tensor>, batch: Scored<Tensor>) => Tensor }) {
  const { epsilon, epsilonHigh = epsilon, importanceSamplingLevel = "token" } = config;
  const objective = { ...config, epsilonLow: epsilon, epsilonHigh, importanceSamplingLevel };
  return (parameters: Record<string, Tensor>, batch: Trained<Tensor>): LossFigures => {
    const { rollouts, advantages, oldLogProbs, refLogProbs, meanCounts } = batch;
    const current = estimate(parameters, batch);
    const likeCurrent = (x: Tensor | undefined): Tensor | undefined => x && reshape(x, current.shape);
    const inputs = { logProbs: current, oldLogProbs: likeCurrent(oldLogProbs), refLogProbs: likeCurrent(refLogProbs), advantages };
    const { completionMask } = rollouts;
    const { kl, ...others } = grpoLoss({ ...inputs, completionMask }, objective);
    const figures = { ...others, ...(refLogProbs && { kl }) }; // without a reference there is nothing to tell
    if (meanCounts === undefined) return figures;
    const isPerToken = current.shape.length > 1 && importanceSamplingLevel === "token";
    const share = shareOf(completionMask, meanCounts, isPerToken);
    const scaled = Object.entries(figures).map(([name, figure]) => [name, mul(figure, share)]);
    return Object.fromEntries(scaled) as LossFigures;
  };
}

/** Rollouts in parts of equal size, the last one smaller where they do not come out even. */
function partsOf(rollouts: readonly Rollout[], count: number): Rollout[][] {
  const size = Math.ceil(rollouts.length / count);
  return Array.from({ length: Math.ceil(rollouts.length / size) }, (_, i) => rollouts.slice(i * size, (i + 1) * size));
}

/** Tokens and completions that count, on average over the parts. */
function meanCountsOf(rollouts: readonly Rollout[], parts: number): NdArray {
  const tokens = rollouts.map(({ completionMask }) => completionMask.reduce((sum, one) => sum + one, 0));
  return float32([tokens.reduce((sum, one) => sum + one, 0) / parts, tokens.filter((one) => one > 0).length / parts]);
}

/** How much of the mean over all parts a part's own mean is, `[]`: parts differ in what counts. */
function shareOf(completionMask: Tensor, meanCounts: Tensor, isPerToken: boolean): Tensor {
  const count = isPerToken ? sum(completionMask) : sum(max(completionMask, { axes: [-1] }));
  const [tokens, completions] = split(meanCounts, [1, 1], 0);
  const mean = reshape(isPerToken ? tokens! : completions!, []);
  return div(count, maximum(mean, 1e-6));
}

/** Rollouts as arrays. */
export function rolloutBatch(rollouts: readonly Rollout[]): { [key in keyof RolloutBatch]: NdArray } {
  return {
    promptIds: intRows(rollouts.map(({ promptIds }) => promptIds)),
    promptMask: intRows(rollouts.map(({ promptMask }) => promptMask)),
    completionIds: intRows(rollouts.map(({ completionIds }) => completionIds)),
    completionMask: floatRows(rollouts.map(({ completionMask }) => completionMask)),
  };
}

/** What an update reads of rollouts besides what an estimate does. */
function trained(rollouts: readonly Rollout[], iteration: number): Omit<Trained<NdArray>, keyof Scored<NdArray>> {
  return { advantages: float32(rollouts.map(({ advantage }) => advantage)), ...earlierEstimates(rollouts, iteration) };
}

/** The estimates of the policies that the update is compared with, if there are any. */
function earlierEstimates(rollouts: readonly Rollout[], iteration: number): { oldLogProbs?: NdArray; refLogProbs?: NdArray } {
  const of = (key: "oldPerTokenLogProbs" | "refPerTokenLogProbs"): NdArray | undefined => {
    const rows = rollouts.map((rollout) => rollout[key]?.[iteration]);
    return rows.includes(undefined) ? undefined : floatRows(rows as Float32Array[]);
  };
  const [oldLogProbs, refLogProbs] = [of("oldPerTokenLogProbs"), of("refPerTokenLogProbs")];
  return { ...(oldLogProbs && { oldLogProbs }), ...(refLogProbs && { refLogProbs }) };
}

function intRows(rows: readonly ArrayLike<number>[]): NdArray {
  return int32(
    rows.flatMap((row) => Array.from(row)),
    [rows.length, rows[0]!.length],
  );
}

function floatRows(rows: readonly ArrayLike<number>[]): NdArray {
  return float32(
    rows.flatMap((row) => Array.from(row)),
    [rows.length, rows[0]!.length],
  );
}
