// AdamW (Loshchilov & Hutter 2019), as torch.optim.AdamW computes it; step k = 1, 2, ...:
//   m = b1 m + (1 - b1) g          v = b2 v + (1 - b2) g^2
//   p = p (1 - lr wd) - lr / (1 - b1^k) * m / (sqrt(v / (1 - b2^k)) + eps)
import { NdArray, zerosArray } from "../nd-array.ts";
import { add, div, exp, mul, sqrt, square, sub } from "../ops/elementwise.ts";
import { isTensor, type Tensor } from "../tensor.ts";
import { flattenTree, mapTree, type Tree } from "../tree.ts";

/** First and second moments, each a tree of the form of the parameters. */
export type AdamWState<T> = { m: T; v: T };

export interface AdamWOptions {
  /** Learning rate: a traced scalar, so that a schedule recompiles nothing. */
  lr: Tensor;
  /** Number of this step, from 1: a traced scalar. */
  step: Tensor;
  /** @default 0.9 */
  beta1?: number;
  /** @default 0.999 */
  beta2?: number;
  /** @default 1e-8 */
  eps?: number;
  /** Decoupled decay of every parameter for which `decays` holds. @default 0.01 */
  weightDecay?: number;
  /** Which parameters decay, by path. @default all */
  decays?: (path: string) => boolean;
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
  { lr, step, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0.01, decays = () => true }: AdamWOptions,
): { parameters: T; state: AdamWState<T> } {
  const leavesOf = (tree: T): Tensor[] => flattenTree<Tensor>(tree, isTensor).leaves;
  const [gs, ms, vs] = [leavesOf(gradient), leavesOf(state.m), leavesOf(state.v)];
  // Scalars take on what they can, so that every array is read and written as seldom as possible:
  //   lr / c1 * m / (sqrt(v) / c2 + eps) = (lr c2 / c1) * m / (sqrt(v) + eps c2),   c2 = sqrt(1 - b2^k)
  const correction2 = sqrt(sub(1, power(beta2, step)));
  const stepSize = div(mul(lr, correction2), sub(1, power(beta1, step)));
  const smallest = mul(correction2, eps);
  const keep = sub(1, mul(lr, weightDecay));
  const next: { m: Tensor[]; v: Tensor[] } = { m: [], v: [] };
  let i = 0;
  const updated = mapTree<Tensor, Tensor>(parameters, isTensor, (p, path) => {
    const [g, m, v] = [gs[i], ms[i], vs[i]] as [Tensor, Tensor, Tensor];
    i++;
    const m1 = add(mul(m, beta1), mul(g, 1 - beta1));
    const v1 = add(mul(v, beta2), mul(square(g), 1 - beta2));
    next.m.push(m1);
    next.v.push(v1);
    const update = mul(stepSize, div(m1, add(sqrt(v1), smallest)));
    return sub(weightDecay > 0 && decays(path) ? mul(p, keep) : p, update);
  }) as T;
  const rebuild = (leaves: Tensor[]): T => {
    let at = 0;
    return mapTree<Tensor, Tensor>(parameters, isTensor, () => leaves[at++] as Tensor) as T;
  };
  return { parameters: updated, state: { m: rebuild(next.m), v: rebuild(next.v) } };
}

/** `base^exponent` for a constant base in (0, 1). */
function power(base: number, exponent: Tensor): Tensor {
  return exp(mul(exponent, Math.log(base)));
}
