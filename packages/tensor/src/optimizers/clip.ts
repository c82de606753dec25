import { add, minimum, mul, reciprocal, sqrt } from "../ops/elementwise.ts";
import { sumSquares } from "../ops/reduction.ts";
import { isTensor, type Tensor } from "../tensor.ts";
import { flattenTree, mapTree, type Tree } from "../tree.ts";

/** Square root of the sum of squares over all leaves, a scalar. */
export function globalNorm(tree: Tree<Tensor>): Tensor {
  const { leaves } = flattenTree<Tensor>(tree, isTensor);
  return sqrt(leaves.map((leaf) => sumSquares(leaf)).reduce((total, one) => add(total, one)));
}

/**
 * Scales all gradients by one factor, `min(1, maxNorm / (norm + 1e-6))`, PyTorch's `clip_grad_norm_`.
 *
 * @returns the scaled tree and the norm before scaling, `[]`
 */
export function clipByGlobalNorm<T extends Tree<Tensor>>(gradient: T, maxNorm: number): { clipped: T; norm: Tensor } {
  const norm = globalNorm(gradient);
  const factor = clipFactor(norm, maxNorm);
  return { clipped: mapTree<Tensor, Tensor>(gradient, isTensor, (leaf) => mul(leaf, factor)) as T, norm };
}

/** What clipping multiplies gradients of a global norm by. */
export function clipFactor(norm: Tensor, maxNorm: number): Tensor {
  return minimum(mul(maxNorm, reciprocal(add(norm, 1e-6))), 1);
}
