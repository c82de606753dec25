import type { LogitsFunction } from "@diffucoder/diffusion";
import type { NdArray, Tensor } from "@diffucoder/tensor";
import type { Rollout } from "../rollout.ts";

/** The network whose log-probabilities are estimated. */
export interface EstimatedNetwork {
  /** Parameters and token ids in, raw logits out. */
  logits: LogitsFunction;
  /** Whether the logits at position j - 1 predict token j, as in Dream, or those at j, as in LLaDA. @default true */
  shift?: boolean | undefined;
  /** Id of the mask token. */
  maskTokenId: number;
}

/** Rollouts as an estimator reads them, traced. B rows, prompts of P and completions of L tokens. */
export interface RolloutBatch {
  /** int32 `[B, P]`, padded on the left. */
  promptIds: Tensor;
  /** int32 `[B, P]`, 0 on the padding. */
  promptMask: Tensor;
  /** int32 `[B, L]`. */
  completionIds: Tensor;
  /** float32 `[B, L]`, 1 through the first end token. */
  completionMask: Tensor;
}

/**
 * How the log-probability of a completion is estimated: a masked diffusion model does not have it in closed form. Old, reference
 * and current policy are estimated through the same draws, so that their ratio is that of the policies alone.
 */
export interface Estimator {
  /**
   * Everything random in an estimate, such as masks, and anything else it needs from the rollouts: a function of them and of the inner
   * iteration alone, drawn from each rollout's own `maskSeeds[iteration]`.
   */
  draw(rollouts: readonly Rollout[], iteration: number): Record<string, NdArray>;
  /**
   * The estimate, traced and differentiable.
   *
   * @param drawn what `draw` gave
   * @returns `[B, L]`, an estimate for each token, or `[B]`, one for each completion, whose ratio then counts once
   */
  logProbs(
    network: EstimatedNetwork,
    parameters: Readonly<Record<string, Tensor>>,
    batch: RolloutBatch,
    drawn: Readonly<Record<string, Tensor>>,
  ): Tensor;
}
