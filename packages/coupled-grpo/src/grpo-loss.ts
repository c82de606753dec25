// The clipped objective of GRPO (Shao et al. 2024; DiffuCoder, Eq. 5) over tokens j of B completions, mask m:
//   rho = exp(logp - old),   k3 = exp(ref - logp) - (ref - logp) - 1
//   loss = sum m (-min(rho A, clip(rho, 1 - eps_low, 1 + eps_high) A) + beta k3) / sum m
// Differs: 1. exponents are kept within +-20, as in verl's `compute_policy_loss`: beyond them a token's ratio is constant and
// gives no gradient, where exp(89) is infinite in float32 and 0 * infinity is not a number; 2. log-probabilities below -1e4,
// minus infinity among them, count as -1e4; 3. what the mask leaves out is not read; with an empty mask the loss is 0. An estimate of a
// whole completion, [B], is one action: its ratio counts once, however long the completion is.
import { ShapeError } from "@diffucoder/core";
import {
  add,
  cast,
  clamp,
  div,
  equal,
  exp,
  greater,
  less,
  max,
  maximum,
  minimum,
  mul,
  neg,
  or,
  reshape,
  and,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
} from "@diffucoder/tensor";

/** How the KL divergence is estimated from one sample, d = ref - logp (Schulman 2020): k1 = -d, k2 = d^2 / 2, k3 = exp(d) - d - 1. */
export const KL_ESTIMATORS = ["k1", "k2", "k3"] as const;

/** A name of `KL_ESTIMATORS`. */
export type KlEstimator = (typeof KL_ESTIMATORS)[number];

/** `"token"`: each token has its own ratio. `"sequence"`: a completion has one, the exponential of its tokens' mean difference (GSPO). */
export type ImportanceSamplingLevel = "token" | "sequence";

const LARGEST_EXPONENT = 20;
const LOWEST_LOG_PROB = -1e4;

/** What the objective is computed from. B completions of L tokens. */
export interface GrpoLossInputs {
  /** Under the policy that is trained: `[B, L]`, or `[B]` of estimators that see a completion as one action. */
  logProbs: Tensor;
  /** The same under the policy that made the rollouts. @default the current values: the first update after a rollout */
  oldLogProbs?: Tensor | undefined;
  /** The same under the reference policy; only read if beta > 0. */
  refLogProbs?: Tensor | undefined;
  /** `[B]` */
  advantages: Tensor;
  /** float32 `[B, L]`, 1 through the end token. */
  completionMask: Tensor;
}

/** Settings of the objective. */
export interface GrpoLossOptions {
  /** Weight of the KL term; 0 leaves it out. */
  beta: number;
  /** A ratio below `1 - epsilonLow` is clipped. */
  epsilonLow: number;
  /** A ratio above `1 + epsilonHigh` is clipped. */
  epsilonHigh: number;
  /** How the KL divergence is estimated. @default "k3" */
  klEstimator?: KlEstimator | undefined;
  /** Of estimates by token. @default "token" */
  importanceSamplingLevel?: ImportanceSamplingLevel | undefined;
}

/** The objective and figures to watch. */
export interface GrpoLoss {
  /** To minimize: mean over the tokens of the mask, `[]`. */
  loss: Tensor;
  /** Mean estimate of the KL divergence from the reference policy, `[]`. */
  kl: Tensor;
  /** Share of tokens whose ratio is clipped, `[]`. */
  clipRatio: Tensor;
}

/**
 * The clipped objective of GRPO over the tokens of the mask, traced. Finite for all log-probabilities and ratios;
 * clipped tokens, tokens of advantage 0 and tokens outside the mask give no gradient.
 *
 * @throws {ShapeError} if the three log-probabilities differ in shape
 */
export function grpoLoss(
  inputs: GrpoLossInputs,
  { beta, epsilonLow, epsilonHigh, klEstimator = "k3", importanceSamplingLevel = "token" }: GrpoLossOptions,
): GrpoLoss {
  const { logProbs, oldLogProbs, refLogProbs, advantages, completionMask } = importanceSamplingLevel === "sequence" ? byCompletion(inputs) : inputs;
  for (const [argument, other] of Object.entries({ oldLogProbs, refLogProbs }))
    if (other !== undefined && other.shape.join() !== logProbs.shape.join())
      throw new ShapeError({ argument, shape: other.shape, expected: `[${logProbs.shape.join(", ")}], as logProbs` });
  const isPerToken = logProbs.shape.length > 1;
  const advantage = isPerToken ? reshape(advantages, [...advantages.shape, 1]) : advantages;
  const mask = isPerToken ? completionMask : max(completionMask, { axes: [-1] });
  const isCounted = greater(mask, 0);
  const read = (x: Tensor): Tensor => maximum(where(isCounted, x, 0), LOWEST_LOG_PROB);
  const current = read(logProbs);
  const ratio = exp(bounded(sub(current, oldLogProbs === undefined ? stopGradient(current) : read(oldLogProbs))));
  const clipped = clamp(ratio, 1 - epsilonLow, 1 + epsilonHigh);
  const policyLoss = neg(minimum(mul(ratio, advantage), mul(clipped, advantage)));
  const count = sum(mask);
  const tokenMean = (x: Tensor): Tensor => div(sum(where(isCounted, mul(x, mask), 0)), where(equal(count, 0), 1, count));

  const difference = refLogProbs && bounded(sub(read(refLogProbs), current));
  const kl = difference && klEstimates[klEstimator](difference);
  const loss = tokenMean(kl && beta > 0 ? add(policyLoss, mul(kl, beta)) : policyLoss);

  const tooLow = and(less(ratio, 1 - epsilonLow), less(advantage, 0));
  const tooHigh = and(greater(ratio, 1 + epsilonHigh), greater(advantage, 0));
  return { loss, kl: kl ? tokenMean(kl) : mul(loss, 0), clipRatio: tokenMean(cast(or(tooLow, tooHigh), "float32")) };
}

const klEstimates: Readonly<Record<KlEstimator, (difference: Tensor) => Tensor>> = {
  k1: (d) => neg(d),
  k2: (d) => mul(mul(d, d), 0.5),
  k3: (d) => sub(sub(exp(d), d), 1),
};

/** Estimates by token as one for each completion: their mean over its mask. Others stay as they are. */
function byCompletion(inputs: GrpoLossInputs): GrpoLossInputs {
  const { logProbs, oldLogProbs, refLogProbs, completionMask } = inputs;
  if (logProbs.shape.length === 1) return inputs;
  const count = sum(completionMask, { axes: [-1] });
  const meanOf = (x: Tensor): Tensor =>
    div(sum(where(greater(completionMask, 0), maximum(x, LOWEST_LOG_PROB), 0), { axes: [-1] }), where(equal(count, 0), 1, count));
  return {
    ...inputs,
    logProbs: meanOf(logProbs),
    oldLogProbs: oldLogProbs && meanOf(oldLogProbs),
    refLogProbs: refLogProbs && meanOf(refLogProbs),
  };
}

function bounded(exponent: Tensor): Tensor {
  return clamp(exponent, -LARGEST_EXPONENT, LARGEST_EXPONENT);
}
