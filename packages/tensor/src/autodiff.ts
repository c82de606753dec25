// Reverse-mode differentiation, graph to graph: walking the nodes from the loss to the inputs, every node's `vjp`
// turns the gradient of its output into gradients of its inputs; gradients that meet are added.
import { InvalidArgumentError, ShapeError } from "@diffucoder/core";
import { add } from "./ops/elementwise.ts";
import { fusedNode, fusedOf, partOf } from "./ops/fused.ts";
import { broadcastTo } from "./ops/sum.ts";
import { isBypassed } from "./ops/target-log-probs.ts";
import { constant, isTensor, type Tensor, topologicalOrder } from "./tensor.ts";
import { flattenTree, mapTree, type Tree } from "./tree.ts";

/**
 * Gradients of a scalar with respect to tensors that it was computed from.
 *
 * @param loss float32 scalar, shape `[]`
 * @param inputs nodes of the same trace
 * @returns one gradient per input, of its shape; zeros where the loss does not depend on it
 */
export function gradients(loss: Tensor, inputs: readonly Tensor[]): Tensor[] {
  if (!isTensor(loss)) {
    const isAsync = (loss as unknown) instanceof Promise;
    throw new InvalidArgumentError({
      argument: "gradients: loss",
      value: loss,
      expected: "a traced tensor",
      ...(isAsync && { wayOut: "A function is traced in one go: it must not be async." }),
    });
  }
  if (loss.shape.length !== 0)
    throw new ShapeError({ argument: "gradients: loss", shape: loss.shape, expected: "a scalar, []", wayOut: "Sum or average it first." });
  const bypassed = inputs.find(isBypassed);
  if (bypassed)
    throw new InvalidArgumentError({
      argument: "gradients: inputs",
      value: bypassed,
      expected: "not logits whose log-probabilities selectLogProbs computes from the factors of their product",
      wayOut: "Give selectLogProbs add(logits, 0) and ask for the gradient of that.",
    });
  if (loss.dtype !== "float32") throw new InvalidArgumentError({ argument: "gradients: loss", value: loss.dtype, expected: "of dtype float32" });
  return pullback(loss, constant(1), inputs);
}

/**
 * The gradients that flow back to `inputs` when `g` flows into `output`; the inputs count as independent, however they
 * were computed from.
 */
export function pullback(output: Tensor, g: Tensor, inputs: readonly Tensor[]): Tensor[] {
  return flowBack(output, g, inputs).map((gradient, i) => gradient ?? broadcastTo(constant(0), inputs[i]!.shape));
}

/** @param ends nodes that gradients flow into and not on from */
function flowBack(output: Tensor, g: Tensor, inputs: readonly Tensor[], ends: ReadonlySet<Tensor> = new Set()): (Tensor | undefined)[] {
  const order = topologicalOrder([output]);
  const wanted = new Set(inputs);
  const needed = new Set<Tensor>();
  for (const node of order) if (wanted.has(node) || node.inputs.some((input) => needed.has(input))) needed.add(node);

  const gradientOf = new Map<Tensor, Tensor>([[output, g]]);
  const gradientsOfResults = new Map<Tensor, (Tensor | undefined)[]>(); // of fused operations, by their parents
  for (const node of order.reverse()) {
    if (!needed.has(node) || ends.has(node)) continue;
    const sofar = gradientOf.get(node);
    const part = partOf(node);
    if (part && sofar) {
      const gs = gradientsOfResults.get(part.parent) ?? fusedNode(part.parent).results.map(() => undefined);
      gs[part.index] = sofar;
      gradientsOfResults.set(part.parent, gs);
    }
    const gs = gradientsOfResults.get(node);
    const gradients = gs ? gradientsOfFused(gs, node) : sofar && node.op?.vjp?.(sofar, node, node.attributes);
    gradients?.forEach((gradient, i) => {
      const input = node.inputs[i] as Tensor;
      if (gradient !== undefined && needed.has(input)) gradientOf.set(input, sumOf(gradientOf.get(input), gradient));
    });
  }
  return inputs.map((input) => gradientOf.get(input));
}

/** Gradients of a fused operation's inputs: its own, else those of what it is made of. */
function gradientsOfFused(gs: readonly (Tensor | undefined)[], parent: Tensor): readonly (Tensor | undefined)[] {
  const fused = fusedOf(parent)!;
  if (fused.vjp) return fused.vjp(gs, fusedNode(parent), parent.attributes);
  const ends = new Set(parent.inputs);
  const inputs = [...ends]; // one that is given twice has one gradient
  const sums = fused
    .decompose(parent.inputs, parent.attributes)
    .map((result, i) => (gs[i] ? flowBack(result, gs[i], inputs, ends) : inputs.map(() => undefined)))
    .reduce((sums, more) => sums.map((sum, i) => (more[i] ? sumOf(sum, more[i]) : sum)));
  return parent.inputs.map((input, i) => (parent.inputs.indexOf(input) === i ? sums[inputs.indexOf(input)] : undefined));
}

function sumOf(sofar: Tensor | undefined, more: Tensor): Tensor {
  return sofar === undefined ? more : add(sofar, more);
}

/**
 * The loss of traced parameters together with its gradient.
 *
 * @param loss a function of the parameters to a scalar, or to `{ loss, ...others }` when more is to be kept
 * @returns the value of `loss` and a tree of gradients of the form of `parameters`
 * @example
 * const { value, gradient } = valueAndGradient((w) => mean(square(linear(x, w))), weights);
 */
export function valueAndGradient<P extends Tree<Tensor>, R extends Tensor | { loss: Tensor }>(
  loss: (parameters: P) => R,
  parameters: P,
): { value: R; gradient: P } {
  const { leaves } = flattenTree<Tensor>(parameters, isTensor);
  const value = loss(parameters);
  const results = gradients(lossOf(value), leaves);
  let next = 0;
  return { value, gradient: mapTree<Tensor, Tensor>(parameters, isTensor, () => results[next++] as Tensor) as P };
}

/** What is differentiated; anything else is left for `gradients` to name. */
function lossOf(value: unknown): Tensor {
  const isRecord = typeof value === "object" && value !== null && !isTensor(value) && "loss" in value;
  return (isRecord ? value.loss : value) as Tensor;
}
