import type { NdArray } from "../nd-array.ts";
import { abs, add, and, lessEqual, mul, sqrt, square, where } from "../ops/elementwise.ts";
import { applyFused, type FusedOp } from "../ops/fused.ts";
import { concat, reshape } from "../ops/movement.ts";
import { sumSquares } from "../ops/reduction.ts";
import type { Tensor } from "../tensor.ts";
import type { Tree } from "../tree.ts";
import { type AdamWFactors, adamWFactors, type AdamWLeaf, adamWLeaves, type AdamWOptions, type AdamWState, adamWTrees, updateLeaf } from "./adamw.ts";
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
 * The kernel "AdamW" does it in two passes over memory: one reads the gradients, one updates everything.
 */
export function guardedAdamW<T extends Tree<Tensor>>(parameters: T, gradient: T, state: AdamWState<T>, options: GuardedAdamWOptions): GuardedStep<T> {
  const { leaves, decays } = adamWLeaves(parameters, gradient, state, options);
  const factors = adamWFactors(options);
  const scalars = [...factorNames.map((name) => factors[name]), options.loss];
  const results = applyFused(guardedAdamWOp, [...scalars, ...leaves.flatMap(({ p, g, m, v }) => [p, g, m, v])], {
    decays,
    maxGradNorm: options.maxGradNorm,
  });
  const [gradNorm, gradNorms] = results.slice(-2) as [Tensor, Tensor];
  const updated = leaves.map((_, i) => ({ p: results[3 * i]!, m: results[3 * i + 1]!, v: results[3 * i + 2]! }));
  return { ...adamWTrees(parameters, updated), gradNorm, gradNorms };
}

const factorNames = ["keepM", "addM", "keepV", "addV", "keepP", "stepSize", "smallest"] as const;
const SCALARS = factorNames.length + 1;

interface GuardedAdamWAttributes {
  decays: readonly boolean[];
  maxGradNorm: number;
}

/** Inputs: the factors and the loss; p, g, m, v of each parameter. Results: p, m, v of each; the global norm; all norms. */
const guardedAdamWOp: FusedOp = {
  name: "guardedAdamW",
  decompose: (inputs, { decays, maxGradNorm }: GuardedAdamWAttributes) => {
    const factors = Object.fromEntries(factorNames.map((name, i) => [name, inputs[i]!])) as unknown as AdamWFactors;
    const leaves = decays.map((_, i) => leafAt(inputs, i));
    const squares = leaves.map(({ g }) => sumSquares(g));
    const gradNorm = sqrt(squares.reduce((total, one) => add(total, one)));
    const isFinite = and(lessEqual(abs(gradNorm), LARGEST), lessEqual(abs(inputs[SCALARS - 1]!), LARGEST));
    const guarded = guardFactors(factors, isFinite, clipFactor(gradNorm, maxGradNorm));
    const updated = leaves.map((leaf, i) => updateLeaf({ ...leaf, g: where(isFinite, leaf.g, 0) }, guarded, decays[i]!));
    return [...updated.flatMap(({ p, m, v }) => [p, m, v]), gradNorm, sqrt(concat(squares.map((one) => reshape(one, [1]))))];
  },
  kernel: (_target, inputs, { decays, maxGradNorm }: GuardedAdamWAttributes) => ({
    name: "AdamW",
    attributes: {
      max_grad_norm: { float: maxGradNorm },
      decays: decays.map(Number),
      shapes: decays.flatMap((_, i) => [leafAt(inputs, i).p.shape.length, ...leafAt(inputs, i).p.shape]),
    },
  }),
  overwrites: (result, { decays }: GuardedAdamWAttributes) => {
    const [parameter, which] = [Math.floor(result / 3), result % 3];
    return parameter < decays.length ? SCALARS + 4 * parameter + [0, 2, 3][which]! : undefined;
  },
};

function leafAt(inputs: readonly Tensor[], i: number): AdamWLeaf {
  const [p, g, m, v] = inputs.slice(SCALARS + 4 * i) as [Tensor, Tensor, Tensor, Tensor];
  return { p, g, m, v };
}

/**
 * The guard takes no pass over memory of its own. Where clipping would scale every gradient, they are selected or zero, and
 * the scale moves into AdamW's scalars; a step that is not to be has the scalars `m * 1 + g * 0`, `p * 1 - 0 * (...)`.
 */
function guardFactors(factors: AdamWFactors, isFinite: Tensor, scale: Tensor): AdamWFactors {
  return {
    keepM: where(isFinite, factors.keepM, 1),
    addM: where(isFinite, mul(factors.addM, scale), 0),
    keepV: where(isFinite, factors.keepV, 1),
    addV: where(isFinite, mul(factors.addV, square(scale)), 0),
    keepP: where(isFinite, factors.keepP, 1),
    stepSize: where(isFinite, factors.stepSize, 0),
    smallest: factors.smallest,
  };
}

/**
 * Which gradients of a guarded step were not finite.
 *
 * @param names of the parameters, in the order of their tree
 */
export function notFinite(names: readonly string[], gradNorms: NdArray): string[] {
  return names.filter((_, i) => !Number.isFinite(gradNorms.data[i]));
}
