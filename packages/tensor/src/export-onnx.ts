// A traced function as a file that any ONNX Runtime loads, weights included.
import { basename } from "node:path";
import { InvalidArgumentError, writeFileAtomic } from "@diffucoder/core";
import { type ArgumentsOf, type CompileOptions, trace, type Trace } from "./compile.ts";
import type { NdArray } from "./nd-array.ts";
import type { Graph } from "./graph.ts";
import { type ExternalData, OnnxBuilder } from "./onnx/builder.ts";
import { emitWith } from "./onnx/emit.ts";
import { MOST_OPEN_SIZES, OpenSizes, OpenSizesBuilder, RecordingBuilder, sampleSizes, type Sizes } from "./onnx/open-sizes.ts";
import { topologicalOrder } from "./tensor.ts";

/** What becomes a constant, and where constants go. */
export interface ExportOnnxOptions extends Pick<CompileOptions, "frozen" | "name"> {
  /**
   * Where constants of 1 KB and more go: into the file, or into `PATH.data` beside it, which the format needs above 2 GB.
   * @default "inside" up to 1 GiB of constants, else "beside"
   */
  weights?: "inside" | "beside";
  /** Whether int32 inputs are int64 in the file, as PyTorch's exporter makes them. @default false */
  int64Inputs?: boolean;
  /**
   * Names of sizes that whoever runs the file chooses, at most four, such as `["batch", "length"]`; `args` is then a function of
   * them. Each must be an axis of an input. @default none
   */
  openSizes?: readonly string[];
}

/** What was written, and how to feed it. */
export interface ExportedOnnx {
  /** By name, in order: the path of an argument's leaf, e.g. `inputIds`; `input_1` for an argument that is an array itself. */
  inputs: string[];
  /** By name: the path of a leaf of the result, or `output`. */
  outputs: string[];
  /** The files that were written; they belong together. */
  files: string[];
}

const SMALL = 1024;
const MOST_INSIDE = 2 ** 30;
/** Protocol Buffers end at 2 GiB. */
const FORMAT_LIMIT = 2 ** 31 - 1;
/** A multiple of it is where each array begins, so that a runtime may map the file into memory. */
const ALIGNMENT = 64;

/**
 * Writes a function as an `.onnx` file for the shapes of `args`, or for any sizes named in `openSizes`. Arguments listed in
 * `frozen`, typically the parameters, become constants under the names of their leaves; the others become inputs.
 *
 * @throws {InvalidArgumentError} if `weights` is `"inside"` and they take more than the format can hold, or if the graph depends
 * on an open size otherwise than by shapes that are multiples of it
 * @throws {FileError} if a file cannot be written
 * @example
 * await exportOnnx("model.onnx", (weights, inputs) => ({ logits: forward(config, weights, inputs) }), [parameters, { inputIds }], { frozen: [0] });
 */
export async function exportOnnx<P extends any[], R extends object>(
  path: string,
  fn: (...args: P) => R,
  args: ArgumentsOf<P> | ((sizes: Sizes) => ArgumentsOf<P>),
  { frozen = [], name = fn.name || "graph", weights, int64Inputs = false, openSizes = [] }: ExportOnnxOptions = {},
): Promise<ExportedOnnx> {
  if (openSizes.length > MOST_OPEN_SIZES)
    throw new InvalidArgumentError({ argument: "openSizes", value: openSizes, expected: `at most ${MOST_OPEN_SIZES} names` });
  const samples = sampleSizes(openSizes);
  const traces: Trace[] = [];
  for (const sizes of openSizes.length === 0 ? samples.slice(0, 1) : samples)
    traces.push(await trace(fn as (...given: any[]) => unknown, typeof args === "function" ? args(sizes) : args, { donate: [], frozen, name }));
  const [traced] = traces as [Trace];
  const { graph, frozenPaths, outputPaths } = traced;
  const inputNames = namesOfInputs(traced);
  const open = traces.length === 1 ? undefined : openSizesOf(traces, { samples, inputNames, int64Inputs });
  const { isBeside, externalData, parts } = outsideConstants(graph, { dataPath: `${path}.data`, weights });
  const inModel = open?.dependent();
  const outputNames = outputPaths.map((outputPath) => outputPath || "output");
  const model = emitWith(open ? new OpenSizesBuilder(open, inputNames) : new OnnxBuilder(), graph, {
    inputNames,
    outputNames,
    int64Inputs,
    constantName: (array) => frozenPaths.get(array),
    externalData: (array) => (inModel?.has(array.data) === true ? undefined : externalData(array)),
    ...(open && {
      inputShapes: graph.inputs.map((_, i) => open.named(({ inputs }) => inputs[i]!.shape)),
      outputShapes: graph.outputs.map((_, i) => open.named(({ outputs }) => outputs[i]!.shape)),
    }),
  });
  if (isBeside) writeFileAtomic(`${path}.data`, parts);
  writeFileAtomic(path, model);
  return { inputs: inputNames, outputs: outputNames, files: isBeside ? [path, `${path}.data`] : [path] };
}

function openSizesOf(
  traces: readonly Trace[],
  { samples, ...options }: { samples: readonly Sizes[]; inputNames: readonly string[]; int64Inputs: boolean },
): OpenSizes {
  const graphs = traces.map(({ graph }) => graph);
  const records = graphs.map((graph) => {
    const builder = new RecordingBuilder();
    emitWith(builder, graph, options);
    return builder;
  });
  return new OpenSizes({ samples, graphs, records });
}

/** Decides where constants go; `parts` fills as `externalData` is asked. */
function outsideConstants(
  graph: Graph,
  { dataPath, weights }: { dataPath: string; weights: ExportOnnxOptions["weights"] },
): { isBeside: boolean; externalData: (array: NdArray) => ExternalData | undefined; parts: Uint8Array[] } {
  const constants = topologicalOrder(graph.outputs).flatMap((node) => (node.constant ? [node.constant] : []));
  const bytes = constants.reduce((total, { data }) => total + data.byteLength, 0);
  if (weights === "inside" && bytes > FORMAT_LIMIT)
    throw new InvalidArgumentError({ argument: "weights", value: weights, expected: `"beside" for ${bytes} bytes of constants` });
  const isBeside = (weights ?? (bytes > MOST_INSIDE ? "beside" : "inside")) === "beside";
  const parts: Uint8Array[] = [];
  let at = 0;
  const externalData = ({ data }: NdArray): ExternalData | undefined => {
    if (!isBeside || data.byteLength < SMALL) return undefined;
    const padding = (ALIGNMENT - (at % ALIGNMENT)) % ALIGNMENT;
    parts.push(new Uint8Array(padding), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const offset = at + padding;
    at = offset + data.byteLength;
    return { location: basename(dataPath), offset, length: data.byteLength };
  };
  return { isBeside, externalData, parts };
}

/** The path of each leaf; with its argument's position in front where two arguments have the same. */
function namesOfInputs({ inputPaths, frozenPaths, outputPaths }: Trace): string[] {
  const taken = new Set([...frozenPaths.values(), ...outputPaths]);
  return inputPaths.map(({ position, path }, i) => {
    const isUnique = !taken.has(path) && inputPaths.every((other, j) => j === i || other.path !== path);
    return path === "" ? `input_${position}` : isUnique ? path : `input_${position}.${path}`;
  });
}
