import type { Graph } from "../graph.ts";
import { type Tensor, topologicalOrder } from "../tensor.ts";
import type { NdArray } from "../nd-array.ts";
import { type Dims, type ExternalData, OnnxBuilder } from "./builder.ts";

/** Name of graph input `i` in the emitted model. */
export const inputName = (i: number): string => `input_${i}`;
/** Name of graph output `i` in the emitted model. */
export const outputName = (i: number): string => `output_${i}`;

/** Names in the emitted model, and where its constants lie. */
export interface EmitOnnxOptions {
  /** One for each input of the graph. @default input_0, input_1, ... */
  inputNames?: readonly string[];
  /** One for each output of the graph. @default output_0, output_1, ... */
  outputNames?: readonly string[];
  /** The name of a constant, where it has one. */
  constantName?: (constant: NdArray) => string | undefined;
  /**
   * Says where a constant's bytes are, if not in the model. It is called with every constant and the name that it
   * would have there. @default all are in the model
   */
  externalData?: (constant: NdArray, name: string) => ExternalData | undefined;
}

/** What a file adds to a model in memory. */
export interface EmitFileOptions extends EmitOnnxOptions {
  /** Whether int32 inputs are declared int64 and narrowed in the model. @default false */
  int64Inputs?: boolean;
  /** Shapes of the inputs, with the names of open sizes. @default those of the graph */
  inputShapes?: readonly Dims[];
  /** Shapes of the outputs, likewise. @default those of the graph */
  outputShapes?: readonly Dims[];
}

/** The graph as the bytes of an `.onnx` file. */
export function emitOnnx(graph: Graph, options: EmitOnnxOptions = {}): Uint8Array {
  return emitWith(new OnnxBuilder(), graph, options);
}

/** `emitOnnx` through a builder that may compute some of the shapes. */
export function emitWith(
  builder: OnnxBuilder,
  graph: Graph,
  {
    inputNames = graph.inputs.map((_, i) => inputName(i)),
    outputNames = graph.outputs.map((_, i) => outputName(i)),
    constantName,
    externalData,
    int64Inputs = false,
    inputShapes = graph.inputs.map(({ shape }) => shape),
    outputShapes = graph.outputs.map(({ shape }) => shape),
  }: EmitFileOptions,
): Uint8Array {
  const names = new Map<Tensor, string>();
  graph.inputs.forEach((input, i) => {
    const name = inputNames[i]!;
    const isNarrowed = int64Inputs && input.dtype === "int32";
    builder.input(name, inputShapes[i], isNarrowed ? "int64" : input.dtype);
    names.set(input, isNarrowed ? builder.cast(name, "int32") : name);
  });
  for (const node of topologicalOrder(graph.outputs)) {
    if (names.has(node)) continue;
    if (node.constant) {
      const name = constantName?.(node.constant) ?? `%constant_${node.id}`;
      const external = externalData?.(node.constant, name);
      if (external) builder.externalInitializer(name, node.shape, node.dtype, external);
      names.set(node, external ? name : builder.initializer(node.constant.data, node.shape, node.dtype, name));
    } else if (node.op) {
      const inputs = node.inputs.map((input) => names.get(input) as string);
      const call = builder.kernels && node.op.kernel?.(builder.kernels, node, node.attributes);
      names.set(node, call ? builder.kernelNode(call, inputs, 1)[0]! : node.op.emit(builder, inputs, node, node.attributes));
    }
  }
  graph.outputs.forEach((output, i) => builder.output(outputNames[i] as string, names.get(output) as string, outputShapes[i], output.dtype));
  return builder.finish(graph.name);
}
