// Replaces fused operations by what they are made of, where an executor has no kernel for them.
import { fusedOf, partOf } from "./ops/fused.ts";
import { applyOp, type Tensor, topologicalOrder, withSharing } from "./tensor.ts";

/**
 * The same outputs, in which every fused operation for which `staysWhole` does not hold is decomposed, and those within it.
 *
 * @param inputs stay the nodes that they are
 */
export function decomposeFused(outputs: readonly Tensor[], inputs: readonly Tensor[], staysWhole: (parent: Tensor) => boolean): readonly Tensor[] {
  const isDecomposed = (node: Tensor): boolean => fusedOf(node) !== undefined && !staysWhole(node);
  let current = outputs;
  // A decomposition may hold fused operations itself.
  while (topologicalOrder(current).some(isDecomposed)) current = withSharing(() => replaceOnce(current, inputs, isDecomposed));
  return current;
}

/** Builds all nodes anew, so that what a decomposition has in common with the rest of the graph is computed once. */
function replaceOnce(outputs: readonly Tensor[], inputs: readonly Tensor[], isDecomposed: (node: Tensor) => boolean): Tensor[] {
  const replaced = new Map<Tensor, Tensor>(inputs.map((input) => [input, input]));
  const results = new Map<Tensor, readonly Tensor[]>();
  for (const node of topologicalOrder(outputs)) {
    if (replaced.has(node)) continue;
    const part = partOf(node);
    const nodeInputs = node.inputs.map((input) => replaced.get(input)!);
    if (part && results.has(part.parent)) replaced.set(node, results.get(part.parent)![part.index]!);
    else if (isDecomposed(node)) {
      results.set(node, fusedOf(node)!.decompose(nodeInputs, node.attributes));
      replaced.set(node, node); // only its parts read it, and they are replaced
    } else replaced.set(node, rebuilt(node, nodeInputs));
  }
  return outputs.map((output) => replaced.get(output)!);
}

/** Gradients have been taken by now: a node that is there for its gradient is its value. */
function rebuilt(node: Tensor, inputs: readonly Tensor[]): Tensor {
  if (node.op === undefined) return node;
  return node.op.isGradientRule ? inputs[0]! : applyOp(node.op, inputs, node.attributes);
}
