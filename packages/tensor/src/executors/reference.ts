// The oracle: every op by plain loops in float64. Slow on purpose; the other executors are held to it.
import { allocate } from "../dtype.ts";
import type { Executor } from "../executor.ts";
import { NdArray } from "../nd-array.ts";
import type { HostValue } from "../ops/definition.ts";
import { sizeOf } from "../shape.ts";
import { type Tensor, topologicalOrder } from "../tensor.ts";
import type { Graph } from "../graph.ts";

/** Runs every op by plain loops in float64 and rounds the results. Slow on purpose: the other executors are held to it. */
export const referenceExecutor: Executor = {
  name: "reference",
  prepare: async (graph) => ({
    run: async (inputs) => {
      const values = evaluateGraph(
        graph,
        inputs.map((input) => Float64Array.from(input.data)),
      );
      return graph.outputs.map((output, i) => {
        const data = allocate(output.dtype, sizeOf(output.shape));
        data.set(values[i] as Float64Array);
        return new NdArray(data, output.shape, output.dtype);
      });
    },
    dispose: () => {},
  }),
};

/** Evaluates a graph in float64 from start to end: what central differences are taken of. */
export function evaluateGraph(graph: Pick<Graph, "inputs" | "outputs">, inputs: readonly Float64Array[]): Float64Array[] {
  const values = new Map<Tensor, HostValue>();
  graph.inputs.forEach((input, i) => values.set(input, { data: inputs[i] as Float64Array, shape: input.shape }));
  for (const node of topologicalOrder(graph.outputs)) {
    if (values.has(node)) continue;
    const data = node.constant
      ? Float64Array.from(node.constant.data)
      : (node.op as NonNullable<Tensor["op"]>).evaluate(
          node.inputs.map((input) => values.get(input) as HostValue),
          node,
          node.attributes,
        );
    values.set(node, { data, shape: node.shape });
  }
  return graph.outputs.map((output) => (values.get(output) as HostValue).data);
}
