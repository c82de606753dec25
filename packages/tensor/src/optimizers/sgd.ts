import { mul, sub } from "../ops/elementwise.ts";
import { isTensor, type Tensor, type TensorLike } from "../tensor.ts";
import { flattenTree, mapTree, type Tree } from "../tree.ts";

/** How a step of gradient descent goes. */
export interface SgdOptions {
  /** Learning rate: a traced scalar, so that a schedule recompiles nothing, or a number that stays. */
  lr: TensorLike;
}

/** One traced step of gradient descent: `p - lr g` for each parameter. */
export function sgd<T extends Tree<Tensor>>(parameters: T, gradient: T, { lr }: SgdOptions): T {
  const { leaves } = flattenTree<Tensor>(gradient, isTensor);
  let next = 0;
  return mapTree<Tensor, Tensor>(parameters, isTensor, (parameter) => sub(parameter, mul(leaves[next++] as Tensor, lr))) as T;
}
