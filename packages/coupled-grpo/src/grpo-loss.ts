// The clipped objective of GRPO (Shao et al. 2024; DiffuCoder, Eq. 5) over tokens j of B completions, mask m:
//   rho = exp(logp - old),   k3 = exp(ref - logp) - (ref - logp) - 1
//   loss = sum m (-min(rho A, clip(rho, 1 - eps_low, 1 + eps_high) A) + beta k3) / sum m
import {
  add,
  cast,
  clamp,
  div,
  exp,
  greater,
  less,
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
} from "@diffucoder/tensor";

export interface GrpoLossInputs {
  /** `[B, L]`, under the policy that is trained. */
  logProbs: Tensor;
  /** `[B, L]`, under the policy that made the rollouts. @default the current values: the first update after a rollout */
  oldLogProbs?: Tensor | undefined;
  /** `[B, L]`, under the reference policy; only read if beta > 0. */
  refLogProbs?: Tensor | undefined;
  /** `[B]` */
  advantages: Tensor;
  /** float32 `[B, L]`, 1 through the end token. */
  completionMask: Tensor;
}

export interface GrpoLossOptions {
  beta: number;
  epsilonLow: number;
  epsilonHigh: number;
}

export interface GrpoLoss {
  /** `[]` */
  loss: Tensor;
  /** Mean k3 estimate of the KL divergence from the reference policy, `[]`. */
  kl: Tensor;
  /** Share of tokens whose ratio is clipped, `[]`. */
  clipRatio: Tensor;
}

export function grpoLoss(
  { logProbs, oldLogProbs, refLogProbs, advantages, completionMask }: GrpoLossInputs,
  { beta, epsilonLow, epsilonHigh }: GrpoLossOptions,
): GrpoLoss {
  const advantage = reshape(advantages, [...advantages.shape, 1]);
  const ratio = exp(sub(logProbs, oldLogProbs ?? stopGradient(logProbs)));
  const clipped = clamp(ratio, 1 - epsilonLow, 1 + epsilonHigh);
  const policyLoss = neg(minimum(mul(ratio, advantage), mul(clipped, advantage)));
  const count = sum(completionMask);
  const tokenMean = (x: Tensor): Tensor => div(sum(mul(x, completionMask)), count);

  const difference = refLogProbs && sub(refLogProbs, logProbs);
  const k3 = difference && sub(sub(exp(difference), difference), 1);
  const loss = tokenMean(k3 && beta > 0 ? add(policyLoss, mul(k3, beta)) : policyLoss);

  const tooLow = and(less(ratio, 1 - epsilonLow), less(advantage, 0));
  const tooHigh = and(greater(ratio, 1 + epsilonHigh), greater(advantage, 0));
  return { loss, kl: k3 ? tokenMean(k3) : mul(loss, 0), clipRatio: tokenMean(cast(or(tooLow, tooHigh), "float32")) };
}
