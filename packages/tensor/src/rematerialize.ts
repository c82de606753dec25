// Gradient checkpointing (Chen et al. 2016, "Training deep nets with sublinear memory cost"): what a block computes is
// forgotten after the forward pass, and computed again from the block's input when the backward pass comes to it. With a
// block for each layer, activations of one layer are in memory at a time instead of all, for one more forward pass.
import { pullback } from "./autodiff.ts";
import { after, withGradient } from "./ops/gradient-rules.ts";
import { isTensor, type Tensor } from "./tensor.ts";
import { flattenTree, type Tree } from "./tree.ts";

/**
 * `block(x, parameters)`, of which only the result is kept for the backward pass.
 *
 * @param block a pure function of its two arguments; what else it reads is taken as constant
 * @param x the activations, float32
 * @param parameters kept as they are
 */
export function rematerialize<P extends Tree<Tensor>>(block: (x: Tensor, parameters: P) => Tensor, x: Tensor, parameters: P): Tensor {
  const { leaves } = flattenTree<Tensor>(parameters, isTensor);
  return withGradient(block(x, parameters), [x, ...leaves], (g) => {
    const again = after(x, g);
    return pullback(block(again, parameters), g, [again, ...leaves]);
  });
}
