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

export function applyAdamW<T extends Tree<Tensor>>(
  parameters: T,
  gradient: T,
  state: AdamWState<T>,
  { keepM, addM, keepV, addV, keepP, stepSize, smallest }: AdamWFactors,
  { weightDecay = 0.01, decays = () => true }: Pick<AdamWOptions, "weightDecay" | "decays">,
): { parameters: T; state: AdamWState<T> } {
  const leavesOf = (tree: T): Tensor[] => flattenTree<Tensor>(tree, isTensor).leaves;
  const [gs, ms, vs] = [leavesOf(gradient), leavesOf(state.m), leavesOf(state.v)];
  const next: { m: Tensor[]; v: Tensor[] } = { m: [], v: [] };
  let i = 0;
  const updated = mapTree<Tensor, Tensor>(parameters, isTensor, (p, path) => {
    const [g, m, v] = [gs[i], ms[i], vs[i]] as [Tensor, Tensor, Tensor];
    i++;
    const m1 = add(mul(m, keepM), mul(g, addM));
    const v1 = add(mul(v, keepV), mul(square(g), addV));
    next.m.push(m1);
    next.v.push(v1);
    const update = mul(stepSize, div(m1, add(sqrt(v1), smallest)));
    return sub(weightDecay > 0 && decays(path, p) ? mul(p, keepP) : p, update);
  }) as T;
  const rebuild = (leaves: Tensor[]): T => {
    let at = 0;
    return mapTree<Tensor, Tensor>(parameters, isTensor, () => leaves[at++] as Tensor) as T;
  };
  return { parameters: updated, state: { m: rebuild(next.m), v: rebuild(next.v) } };
}

/** `base^exponent` for a constant base in (0, 1). */
function power(base: number, exponent: TensorLike): Tensor {
  return exp(mul(exponent, Math.log(base)));
}
