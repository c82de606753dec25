import type { Graph } from "../graph.ts";
import { type Tensor, topologicalOrder } from "../tensor.ts";
import { OnnxBuilder } from "./builder.ts";

/** Name of graph input `i` in the emitted model. */
export const inputName = (i: number): string => `input_${i}`;
/** Name of graph output `i` in the emitted model. */
export const outputName = (i: number): string => `output_${i}`;

/** The graph as the bytes of an `.onnx` file. */
export function emitOnnx(graph: Graph): Uint8Array {
  const builder = new OnnxBuilder();
  const names = new Map<Tensor, string>();
  graph.inputs.forEach((input, i) => {
    builder.input(inputName(i), input.shape, input.dtype);
    names.set(input, inputName(i));
  });
  for (const node of topologicalOrder(graph.outputs)) {
    if (names.has(node)) continue;
    if (node.constant) names.set(node, builder.initializer(node.constant.data, node.shape, node.dtype));
    else if (node.op)
      names.set(
        node,
        node.op.emit(
          builder,
          node.inputs.map((input) => names.get(input) as string),
          node,
          node.attributes,
        ),
      );
  }
  graph.outputs.forEach((output, i) => builder.output(outputName(i), names.get(output) as string, output.shape, output.dtype));
  return builder.finish(graph.name);
}
