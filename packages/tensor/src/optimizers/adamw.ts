// AdamW (Loshchilov & Hutter 2019), as torch.optim.AdamW computes it; step k = 1, 2, ...:
//   m = b1 m + (1 - b1) g          v = b2 v + (1 - b2) g^2
//   p = p (1 - lr wd) - lr / (1 - b1^k) * m / (sqrt(v / (1 - b2^k)) + eps)
import { NdArray, zerosArray } from "../nd-array.ts";
import { add, div, exp, mul, sqrt, square, sub } from "../ops/elementwise.ts";
import { constant, isTensor, type Tensor, type TensorLike } from "../tensor.ts";
import { flattenTree, mapTree, type Tree } from "../tree.ts";

/** First and second moments, each a tree of the form of the parameters. */
export type AdamWState<T> = {
  /** Decaying means of the gradients. */
  m: T;
  /** Decaying means of their squares. */
  v: T;
};

/** The numbers of a step of AdamW, by PyTorch's names. */
export interface AdamWOptions {
  /** Learning rate: a traced scalar, so that a schedule recompiles nothing, or a number that stays. */
  lr: TensorLike;
  /** Number of this step, from 1: a traced scalar. */
  step: TensorLike;
  /** Decay of the first moment, in [0, 1). @default 0.9 */
  beta1?: number;
  /** Decay of the second moment, in [0, 1). @default 0.999 */
  beta2?: number;
  /** Added to the root of the second moment. @default 1e-8 */
  eps?: number;
  /** Decoupled decay of every parameter for which `decays` holds. @default 0.01 */
  weightDecay?: number;
  /** Which parameters decay, by path. @default all */
  decays?: (path: string, parameter: Tensor) => boolean;
}

/** Zero moments for a tree of parameters. */
export function initAdamW<T extends Tree<NdArray>>(parameters: T): AdamWState<T> {
  const isArray = (value: unknown): value is NdArray => value instanceof NdArray;
  const moments = (): T => mapTree<NdArray, NdArray>(parameters, isArray, (array) => zerosArray(array.shape)) as T;
  return { m: moments(), v: moments() };
}

/** One traced step of AdamW. */
export function adamW<T extends Tree<Tensor>>(
  parameters: T,
  gradient: T,
  state: AdamWState<T>,
  options: AdamWOptions,
): { parameters: T; state: AdamWState<T> } {
  return applyAdamW(parameters, gradient, state, adamWFactors(options), options);
}

/** The scalars of a step: what gradients, moments and parameters are multiplied by. */
export interface AdamWFactors {
  keepM: Tensor;
  addM: Tensor;
  keepV: Tensor;
  addV: Tensor;
  keepP: Tensor;
  stepSize: Tensor;
  smallest: Tensor;
}

// Scalars take on what they can, so that every array is read and written as seldom as possible:
//   lr / c1 * m / (sqrt(v) / c2 + eps) = (lr c2 / c1) * m / (sqrt(v) + eps c2),   c2 = sqrt(1 - b2^k)
export function adamWFactors({ lr, step, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0.01 }: AdamWOptions): AdamWFactors {
  const correction2 = sqrt(sub(1, power(beta2, step)));
  return {
    keepM: constant(beta1),
    addM: constant(1 - beta1),
    keepV: constant(beta2),
    addV: constant(1 - beta2),
    keepP: sub(1, mul(lr, weightDecay)),
    stepSize: div(mul(lr, correction2), sub(1, power(beta1, step))),
    smallest: mul(correction2, eps),
  };
}

function applyAdamW<T extends Tree<Tensor>>(
  parameters: T,
  gradient: T,
  state: AdamWState<T>,
  factors: AdamWFactors,
  options: Pick<AdamWOptions, "weightDecay" | "decays">,
): { parameters: T; state: AdamWState<T> } {
  const { leaves, decays } = adamWLeaves(parameters, gradient, state, options);
  const updated = leaves.map((leaf, i) => updateLeaf(leaf, factors, decays[i]!));
  return adamWTrees(parameters, updated);
}

/** What a step reads of one parameter. */
export interface AdamWLeaf {
  p: Tensor;
  g: Tensor;
  m: Tensor;
  v: Tensor;
}

/** The leaves of the four trees side by side, and which of them decay. */
export function adamWLeaves<T extends Tree<Tensor>>(
  parameters: T,
  gradient: T,
  state: AdamWState<T>,
  { weightDecay = 0.01, decays = () => true }: Pick<AdamWOptions, "weightDecay" | "decays">,
): { leaves: AdamWLeaf[]; decays: boolean[] } {
  const leavesOf = (tree: T): Tensor[] => flattenTree<Tensor>(tree, isTensor).leaves;
  const [gs, ms, vs] = [leavesOf(gradient), leavesOf(state.m), leavesOf(state.v)];
  const flat = flattenTree<Tensor>(parameters, isTensor);
  return {
    leaves: flat.leaves.map((p, i) => ({ p, g: gs[i]!, m: ms[i]!, v: vs[i]! })),
    decays: flat.leaves.map((p, i) => weightDecay > 0 && decays(flat.paths[i]!, p)),
  };
}

/** One parameter's step. */
export function updateLeaf({ p, g, m, v }: AdamWLeaf, factors: AdamWFactors, decays: boolean): Omit<AdamWLeaf, "g"> {
  const { keepM, addM, keepV, addV, keepP, stepSize, smallest } = factors;
  const m1 = add(mul(m, keepM), mul(g, addM));
  const v1 = add(mul(v, keepV), mul(square(g), addV));
  const update = mul(stepSize, div(m1, add(sqrt(v1), smallest)));
  return { p: sub(decays ? mul(p, keepP) : p, update), m: m1, v: v1 };
}

/** The leaves of a step as trees of the form of the parameters. */
export function adamWTrees<T extends Tree<Tensor>>(form: T, leaves: readonly Omit<AdamWLeaf, "g">[]): { parameters: T; state: AdamWState<T> } {
  const treeOf = (key: "p" | "m" | "v"): T => {
    let at = 0;
    return mapTree<Tensor, Tensor>(form, isTensor, () => leaves[at++]![key]) as T;
  };
  return { parameters: treeOf("p"), state: { m: treeOf("m"), v: treeOf("v") } };
}

/** `base^exponent` for a constant base in (0, 1). */
function power(base: number, exponent: TensorLike): Tensor {
  return exp(mul(exponent, Math.log(base)));
}
