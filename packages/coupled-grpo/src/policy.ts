// The compiled functions of reinforcement learning: estimates of rollouts under a policy, and updates of one.
import type { ModelParameters } from "@diffucoder/diffusion";
import { createOptimizerStep, type StepPosition, type StepResult, type TrainingState } from "@diffucoder/trainer";
import { compile, type Executor, float32, int32, type NdArray, reshape, type Tensor } from "@diffucoder/tensor";
import { checkScored, checkTrained } from "./check-rollouts.ts";
import type { CoupledGrpoConfig } from "./config.ts";
import type { EstimatedNetwork, Estimator, RolloutBatch } from "./estimators/estimator.ts";
import { ESTIMATORS } from "./estimators/index.ts";
import { grpoLoss } from "./grpo-loss.ts";
import { countTokens } from "./network-tokens.ts";
import type { Rollout } from "./rollout.ts";

/** The compiled functions of reinforcement learning. */
export interface Policy {
  /** Estimates of rollouts' log-probabilities through the draws of an inner iteration, for each rollout one `[L]`, or `[1]` of the completion. */
  estimate(parameters: ModelParameters, rollouts: readonly Rollout[], iteration: number): Promise<Float32Array[]>;
  /**
   * One optimizer step on rollouts; its figures are `kl` and `clipRatio`. The state's arrays are taken over. If the loss or a gradient is
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
  /** How log-probabilities are estimated. @default the one that `config.estimator` names */
  estimator?: Estimator | undefined;
  /** Settings of the objective and of the optimizer. */
  config: Pick<CoupledGrpoConfig, "estimator" | "beta" | "epsilon" | "epsilonHigh" | "adamBeta1" | "adamBeta2" | "weightDecay" | "maxGradNorm">;
  /** Where it runs. @default ONNX Runtime */
  executor?: Executor | undefined;
}

type Scored<Leaf> = { rollouts: { [key in keyof RolloutBatch]: Leaf }; drawn: Record<string, Leaf> };
type Trained<Leaf> = Scored<Leaf> & { advantages: Leaf; oldLogProbs?: Leaf; refLogProbs?: Leaf };

/**
 * Compiles estimates and updates of a policy. Plans are made at the first call and freed by `dispose`. Both refuse rollouts whose
 * ids, masks, seeds, advantages or lengths are wrong, with an `InvalidArgumentError` that names rollout and field.
 */
export function createPolicy({ logits, shift, maskTokenId, vocabSize, estimator, config, executor }: PolicyOptions): Policy {
  const { beta, epsilon, epsilonHigh = epsilon } = config;
  const chosen = estimator ?? ESTIMATORS[config.estimator];
  const { logProbs, tokensOf } = countTokens(chosen);
  let networkTokens = 0;
  const network = { logits, shift, maskTokenId };
  const estimate = compile(
    (parameters: Record<string, Tensor>, { rollouts, drawn }: Scored<Tensor>) => ({ logProbs: logProbs(network, parameters, rollouts, drawn) }),
    { name: "estimate", ...(executor && { executor }) },
  );
  const optimizer = createOptimizerStep<Trained<Tensor>>({
    ...config,
    loss: (parameters, { rollouts, drawn, advantages, oldLogProbs, refLogProbs }) => {
      const current = logProbs(network, parameters, rollouts, drawn);
      const likeCurrent = (x: Tensor | undefined): Tensor | undefined => x && reshape(x, current.shape);
      const inputs = { logProbs: current, oldLogProbs: likeCurrent(oldLogProbs), refLogProbs: likeCurrent(refLogProbs), advantages };
      return { ...grpoLoss({ ...inputs, completionMask: rollouts.completionMask }, { beta, epsilonLow: epsilon, epsilonHigh }) };
    },
    name: "coupled-grpo",
    executor,
  });
  const scored = (rollouts: readonly Rollout[], iteration: number): Scored<NdArray> => ({
    rollouts: rolloutBatch(rollouts),
    drawn: chosen.draw(rollouts, iteration),
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
      const batch = scored(rollouts, iteration);
      const { data, size } = (await estimate(parameters, batch)).logProbs;
      networkTokens += tokensOf(batch);
      const length = size / rollouts.length;
      return rollouts.map((_, row) => (data as Float32Array).slice(row * length, (row + 1) * length));
    },
    update: async (state, rollouts, { iteration, lr, count }) => {
      checkScored(rollouts, { iteration, vocabSize });
      checkTrained(rollouts, { iteration });
      const batch: Trained<NdArray> = {
        ...scored(rollouts, iteration),
        advantages: float32(rollouts.map(({ advantage }) => advantage)),
        ...earlierEstimates(rollouts, iteration),
      };
      const result = await optimizer.run(state, [batch], { lr, count });
      networkTokens += tokensOf(batch);
      return result;
    },
  };
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
