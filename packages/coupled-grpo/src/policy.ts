// The compiled functions of coupled-GRPO: scoring rollouts under a policy, and updating one.
import type { LogitsFunction } from "@diffucoder/diffusion";
import {
  type AdamWState,
  compile,
  decaysWeight,
  type Executor,
  float32,
  guardedAdamW,
  int32,
  type NdArray,
  type Tensor,
  valueAndGradient,
} from "@diffucoder/tensor";
import { checkScored, checkTrained } from "./check-rollouts.ts";
import type { CoupledGrpoConfig } from "./config.ts";
import { coupledLogProbs } from "./coupled-log-probs.ts";
import { coupledMasks } from "./coupled-masks.ts";
import { grpoLoss } from "./grpo-loss.ts";
import type { Rollout } from "./rollout.ts";

type Parameters = Record<string, NdArray>;

/** What an update reads and replaces. */
export interface PolicyState {
  /** The policy's parameters, by name. */
  parameters: Parameters;
  /** AdamW's moments of them. */
  adam: AdamWState<Parameters>;
}

/** The figures of one update. */
export interface PolicyMetrics {
  /** The objective. */
  loss: number;
  /** Global norm of the gradient before clipping. */
  gradNorm: number;
  /** Mean k3 estimate of the KL divergence from the reference policy. */
  kl: number;
  /** Share of tokens whose ratio is clipped. */
  clipRatio: number;
}

/** The compiled functions of coupled-GRPO. */
export interface Policy {
  /** Per-token log-probability estimates of rollouts, through the masks of an inner iteration: one `[L]` for each. */
  estimate(parameters: Parameters, rollouts: readonly Rollout[], iteration: number): Promise<Float32Array[]>;
  /**
   * One optimizer step on rollouts. The state's arrays are taken over. If the loss or a gradient is not finite they come back
   * unchanged; `gradNorms`, one for each parameter, then says where.
   */
  update(
    state: PolicyState,
    rollouts: readonly Rollout[],
    step: {
      /** Which of the rollouts' masks and estimates, from 0. */
      iteration: number;
      /** Learning rate. */
      lr: number;
      /** Optimizer steps so far, this one included, from 1. */
      count: number;
    },
  ): Promise<{ state: PolicyState; metrics: PolicyMetrics; gradNorms: NdArray }>;
  /** Frees the compiled plans. */
  dispose(): void;
}

/** What `createPolicy` is made from. */
export interface PolicyOptions {
  /** The network. */
  logits: LogitsFunction;
  /** Id of the mask token. */
  maskTokenId: number;
  /** Tokens of the vocabulary: rollouts with other ids are refused. @default not known, and only what is no id is refused */
  vocabSize?: number | undefined;
  /** Settings of the objective and of the optimizer. */
  config: Pick<CoupledGrpoConfig, "beta" | "epsilon" | "epsilonHigh" | "adamBeta1" | "adamBeta2" | "weightDecay" | "maxGradNorm">;
  /** Where it runs. @default ONNX Runtime */
  executor?: Executor;
}

type Scored = { promptIds: Tensor; promptMask: Tensor; completionIds: Tensor; mask: Tensor; ratio: Tensor };
type Trained = Scored & { advantages: Tensor; completionMask: Tensor; oldLogProbs?: Tensor; refLogProbs?: Tensor };
type TracedState = { parameters: Record<string, Tensor>; adam: AdamWState<Record<string, Tensor>> };

/**
 * Compiles scoring and updating of a policy. Plans are made at the first call and freed by `dispose`. Both refuse rollouts whose
 * ids, masks, seeds, advantages or lengths are wrong, with an `InvalidArgumentError` that names rollout and field.
 */
export function createPolicy({ logits, maskTokenId, vocabSize, config, executor }: PolicyOptions): Policy {
  const options = executor && { executor };
  const { beta, epsilon, epsilonHigh = epsilon } = config;
  const estimate = compile(
    (parameters: Record<string, Tensor>, batch: Scored) => ({ logProbs: coupledLogProbs(logits, parameters, batch, maskTokenId) }),
    { name: "estimate", ...options },
  );
  const update = compile(
    (state: TracedState, batch: Trained, lr: Tensor, count: Tensor) => {
      const { value, gradient } = valueAndGradient((parameters: Record<string, Tensor>) => {
        const logProbs = coupledLogProbs(logits, parameters, batch, maskTokenId);
        return grpoLoss({ ...batch, logProbs }, { beta, epsilonLow: epsilon, epsilonHigh });
      }, state.parameters);
      const next = guardedAdamW(state.parameters, gradient, state.adam, {
        loss: value.loss,
        maxGradNorm: config.maxGradNorm,
        lr,
        step: count,
        beta1: config.adamBeta1,
        beta2: config.adamBeta2,
        weightDecay: config.weightDecay,
        decays: decaysWeight,
      });
      return { state: { parameters: next.parameters, adam: next.state }, ...value, gradNorm: next.gradNorm, gradNorms: next.gradNorms };
    },
    { name: "coupled-grpo", donate: [0], ...options },
  );

  return {
    dispose: () => {
      estimate.dispose();
      update.dispose();
    },
    estimate: async (parameters, rollouts, iteration) => {
      checkScored(rollouts, { iteration, vocabSize });
      const { logProbs } = await estimate(parameters, scoredBatch(rollouts, iteration));
      const length = logProbs.shape[1] as number;
      return rollouts.map((_, row) => (logProbs.data as Float32Array).slice(row * length, (row + 1) * length));
    },
    update: async (state, rollouts, { iteration, lr, count }) => {
      checkScored(rollouts, { iteration, vocabSize });
      checkTrained(rollouts, { iteration });
      const result = await update(state, trainedBatch(rollouts, iteration), lr, count);
      const metrics = { loss: result.loss.item(), gradNorm: result.gradNorm.item(), kl: result.kl.item(), clipRatio: result.clipRatio.item() };
      return { state: result.state, metrics, gradNorms: result.gradNorms };
    },
  };
}

function scoredBatch(rollouts: readonly Rollout[], iteration: number) {
  const length = rollouts[0]?.completionIds.length ?? 0;
  const { mask, ratio } = coupledMasks({ seeds: rollouts.map(({ maskSeeds }) => maskSeeds[iteration] as number), length });
  return {
    promptIds: intRows(rollouts.map(({ promptIds }) => promptIds)),
    promptMask: intRows(rollouts.map(({ promptMask }) => promptMask)),
    completionIds: intRows(rollouts.map(({ completionIds }) => completionIds)),
    mask: int32(mask, [rollouts.length, length]),
    ratio: float32(ratio),
  };
}

function trainedBatch(rollouts: readonly Rollout[], iteration: number) {
  const logProbs = (of: (rollout: Rollout) => Float32Array[] | undefined): NdArray | undefined => {
    const rows = rollouts.map((rollout) => of(rollout)?.[iteration]);
    return rows.includes(undefined) ? undefined : floatRows(rows as Float32Array[]);
  };
  const oldLogProbs = logProbs(({ oldPerTokenLogProbs }) => oldPerTokenLogProbs);
  const refLogProbs = logProbs(({ refPerTokenLogProbs }) => refPerTokenLogProbs);
  return {
    ...scoredBatch(rollouts, iteration),
    advantages: float32(rollouts.map(({ advantage }) => advantage)),
    completionMask: floatRows(rollouts.map(({ completionMask }) => completionMask)),
    ...(oldLogProbs && { oldLogProbs }),
    ...(refLogProbs && { refLogProbs }),
  };
}

function intRows(rows: readonly ArrayLike<number>[]): NdArray {
  return int32(
    rows.flatMap((row) => Array.from(row)),
    [rows.length, rows[0]?.length ?? 0],
  );
}

function floatRows(rows: readonly ArrayLike<number>[]): NdArray {
  return float32(
    rows.flatMap((row) => Array.from(row)),
    [rows.length, rows[0]?.length ?? 0],
  );
}
