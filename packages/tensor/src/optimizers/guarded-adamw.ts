import type { NdArray } from "../nd-array.ts";
import { abs, add, and, lessEqual, mul, sqrt, square, where } from "../ops/elementwise.ts";
import { concat, reshape } from "../ops/movement.ts";
import { sumSquares } from "../ops/reduction.ts";
import { isTensor, type Tensor } from "../tensor.ts";
import { flattenTree, mapTree, type Tree } from "../tree.ts";
import { type AdamWFactors, adamWFactors, type AdamWOptions, type AdamWState, applyAdamW } from "./adamw.ts";
import { clipFactor } from "./clip.ts";

/** The largest float32. */
const LARGEST = 3.4028234663852886e38;

/** A step of AdamW with clipping, and the loss that guards it. */
export interface GuardedAdamWOptions extends AdamWOptions {
  /** Scales the gradients so that their global norm is at most this, as `clipByGlobalNorm`. */
  maxGradNorm: number;
  /** The loss of the step, a scalar: not finite, it stops the step as a gradient does. */
  loss: Tensor;
}

/** What comes of a guarded step, traced. */
export interface GuardedStep<T> {
  /** The parameters after it; as they were if the loss or a gradient is not finite. */
  parameters: T;
  /** The moments after it; likewise. */
  state: AdamWState<T>;
  /** Global norm of the gradients before clipping, `[]`. */
  gradNorm: Tensor;
  /** Norm of each parameter's gradient, `[parameters]`, in the order of the tree: for `notFinite`. */
  gradNorms: Tensor;
}

/**
 * Clipping and one step of AdamW, unless the loss or a gradient is not finite: then parameters and moments come out as they
 * went in, bit for bit, so that a step in place cannot spoil them. `notFinite` says which gradient it was.
 *
 * The guard takes no pass over memory of its own. Where clipping would scale every gradient, they are selected or zero, and
 * the scale moves into AdamW's scalars; a step that is not to be has the scalars `m * 1 + g * 0`, `p * 1 - 0 * (...)`.
 */
export function guardedAdamW<T extends Tree<Tensor>>(parameters: T, gradient: T, state: AdamWState<T>, options: GuardedAdamWOptions): GuardedStep<T> {
  const squares = flattenTree<Tensor>(gradient, isTensor).leaves.map((leaf) => sumSquares(leaf));
  const gradNorm = sqrt(squares.reduce((total, one) => add(total, one)));
  const isFinite = and(lessEqual(abs(gradNorm), LARGEST), lessEqual(abs(options.loss), LARGEST));
  const scale = clipFactor(gradNorm, options.maxGradNorm);
  const finite = mapTree<Tensor, Tensor>(gradient, isTensor, (leaf) => where(isFinite, leaf, 0)) as T;
  const factors = adamWFactors(options);
  const guarded: AdamWFactors = {
    keepM: where(isFinite, factors.keepM, 1),
    addM: where(isFinite, mul(factors.addM, scale), 0),
    keepV: where(isFinite, factors.keepV, 1),
    addV: where(isFinite, mul(factors.addV, square(scale)), 0),
    keepP: where(isFinite, factors.keepP, 1),
    stepSize: where(isFinite, factors.stepSize, 0),
    smallest: factors.smallest,
  };
  const next = applyAdamW(parameters, finite, state, guarded, options);
  return { ...next, gradNorm, gradNorms: sqrt(concat(squares.map((one) => reshape(one, [1])))) };
}

/**
 * Which gradients of a guarded step were not finite.
 *
 * @param names of the parameters, in the order of their tree
 */
export function notFinite(names: readonly string[], gradNorms: NdArray): string[] {
  return names.filter((_, i) => !Number.isFinite(gradNorms.data[i]));
}
