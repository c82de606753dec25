// Builds one ONNX model. Field numbers are those of onnx.proto (ModelProto, GraphProto, NodeProto, TensorProto).
import { kernelLevels } from "@diffucoder/kernels";
import { allocate, type DType, type TypedArray } from "../dtype.ts";
import type { Float, KernelCall, KernelTarget } from "../ops/kernel-call.ts";
import type { Shape } from "../shape.ts";
import { ProtobufWriter } from "./protobuf.ts";

/** Where an array lies that is not in the model: a file beside it, and the bytes in that file. */
export interface ExternalData {
  location: string;
  offset: number;
  length: number;
}

/** TensorProto.DataLocation. */
const EXTERNAL = 1;
const OPSET = 18;
const IR_VERSION = 9;
const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;
type ElementType = keyof typeof elementTypes;

/** Length of each axis, or the name of a length that whoever runs the file chooses. */
export type Dims = readonly (number | string)[];

type Attribute = number | string | readonly number[] | Float;

interface OnnxNode {
  opType: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Record<string, Attribute>;
  domain: string;
}

/** Attributes that ONNX defines as floats; every other number is an integer. */
const floatAttributes = new Set(["alpha", "beta"]);

/** Of the kernels' operators. */
const KERNELS_DOMAIN = "diffucoder";

export class OnnxBuilder {
  /** What kernels may use; `undefined` where there are none, as in every file. */
  readonly kernels: KernelTarget | undefined;
  /** Operators that the runtime would compute elsewhere than the rest: an operation with another form takes that. */
  readonly avoids: ReadonlySet<string>;
  readonly #nodes: OnnxNode[] = [];
  readonly #results = new Set<string>();
  /** Names of values that are graph outputs. */
  readonly #outputNames = new Map<string, string>();
  readonly #initializers: ProtobufWriter[] = [];
  readonly #inputs: ProtobufWriter[] = [];
  readonly #outputs: ProtobufWriter[] = [];
  readonly #constants = new Map<string, string>();
  /** Outputs of the nodes that have several, by the first. */
  readonly #together = new Map<string, readonly string[]>();
  #nextName = 0;

  constructor({ kernels, avoids = new Set() }: { kernels?: KernelTarget | undefined; avoids?: ReadonlySet<string> } = {}) {
    this.kernels = kernels;
    this.avoids = avoids;
  }

  /** Adds a node with one output and returns the output's name. */
  node(opType: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}, domain = ""): string {
    return this.nodes(opType, inputs, attributes, 1, domain)[0] as string;
  }

  /** Adds a node with several outputs. */
  nodes(opType: string, inputs: readonly string[], attributes: Record<string, Attribute>, outputCount: number, domain = ""): string[] {
    const outputs = Array.from({ length: outputCount }, () => this.#name());
    this.#nodes.push({ opType, inputs, outputs, attributes, domain });
    for (const output of outputs) this.#results.add(output);
    return outputs;
  }

  /** Adds a node of the kernels' library. @returns its outputs */
  kernelNode({ name, attributes }: KernelCall, inputs: readonly string[], outputCount: number): string[] {
    const { level, threads } = this.kernels!;
    const outputs = this.nodes(name, inputs, { ...attributes, level: kernelLevels.indexOf(level), threads }, outputCount, KERNELS_DOMAIN);
    this.#together.set(outputs[0]!, outputs);
    return outputs;
  }

  /** All outputs of a kernel's node, from its first. */
  resultsOfNode(first: string): readonly string[] {
    return this.#together.get(first)!;
  }

  /** @param shape `undefined`: any */
  input(name: string, shape: Dims | undefined, dtype: DType | "int64"): void {
    this.#inputs.push(valueInfo(name, shape, dtype));
  }

  /** Makes `value` the graph output `name`; a node's result is renamed, so that the runtime writes it in place. */
  output(name: string, value: string, shape: Dims | undefined, dtype: DType): void {
    if (this.#results.has(value) && !this.#outputNames.has(value)) this.#outputNames.set(value, name);
    else this.#nodes.push({ opType: "Identity", inputs: [value], outputs: [name], attributes: {}, domain: "" });
    this.#outputs.push(valueInfo(name, shape, dtype));
  }

  cast(input: string, dtype: DType): string {
    return this.node("Cast", [input], { to: elementTypes[dtype] });
  }

  castInt64(input: string): string {
    return this.node("Cast", [input], { to: elementTypes.int64 });
  }

  /** A 1-D int64 constant: shapes, axes, bounds. */
  int64s(values: readonly number[]): string {
    const bytes = new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer);
    return this.#constant(`int64s ${values.join(",")}`, [values.length], "int64", bytes);
  }

  int64(value: number): string {
    return this.#constant(`int64 ${value}`, [], "int64", new Uint8Array(BigInt64Array.of(BigInt(value)).buffer));
  }

  /** An array held inside the model. */
  initializer(data: TypedArray, shape: Shape, dtype: DType, name = this.#name()): string {
    return this.#addInitializer(name, shape, dtype, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  /** An array that the model only names: its bytes are in another file, or handed to the runtime beside the model. */
  externalInitializer(name: string, shape: Shape, dtype: DType, { location, offset, length }: ExternalData): void {
    const tensor = new ProtobufWriter();
    for (const dim of shape) tensor.varint(1, dim);
    tensor.varint(2, elementTypes[dtype]).string(8, name);
    for (const [key, value] of Object.entries({ location, offset, length }))
      tensor.message(13, new ProtobufWriter().string(1, key).string(2, String(value)));
    this.#initializers.push(tensor.varint(14, EXTERNAL));
  }

  /** A scalar held inside the model, once however often it is asked for. */
  scalar(value: number, dtype: DType): string {
    const data = allocate(dtype, 1);
    data[0] = value;
    return this.#constant(`${dtype} ${value}`, [], dtype, new Uint8Array(data.buffer));
  }

  /** The whole file. */
  finish(graphName: string): Uint8Array {
    const graph = new ProtobufWriter();
    this.#nodes.forEach((node, i) => graph.message(1, this.#encodeNode(node, i)));
    graph.string(2, graphName);
    for (const initializer of this.#initializers) graph.message(5, initializer);
    for (const input of this.#inputs) graph.message(11, input);
    for (const output of this.#outputs) graph.message(12, output);
    const model = new ProtobufWriter().varint(1, IR_VERSION).string(2, "@diffucoder/tensor").message(7, graph);
    const versions = [...new Set(["", ...this.#nodes.map((node) => node.domain)])];
    for (const domain of versions) model.message(8, new ProtobufWriter().string(1, domain).varint(2, domain === "" ? OPSET : 1));
    return model.finish();
  }

  #encodeNode({ opType, inputs, outputs, attributes, domain }: OnnxNode, index: number): ProtobufWriter {
    const named = (value: string): string => this.#outputNames.get(value) ?? value;
    const node = new ProtobufWriter();
    for (const input of inputs) node.string(1, named(input));
    for (const output of outputs) node.string(2, named(output));
    node.string(3, `${opType}_${index}`).string(4, opType);
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value));
    if (domain !== "") node.string(7, domain);
    return node;
  }

  #constant(key: string, shape: Shape, type: ElementType, bytes: Uint8Array): string {
    let name = this.#constants.get(key);
    if (name === undefined) {
      name = this.#addInitializer(this.#name(), shape, type, bytes);
      this.#constants.set(key, name);
    }
    return name;
  }

  #addInitializer(name: string, shape: Shape, type: ElementType, bytes: Uint8Array): string {
    const tensor = new ProtobufWriter();
    for (const dim of shape) tensor.varint(1, dim);
    this.#initializers.push(tensor.varint(2, elementTypes[type]).string(8, name).bytes(9, bytes));
    return name;
  }

  /** Never the name of an input or output, which are a caller's. */
  #name(): string {
    return `%${this.#nextName++}`;
  }
}

function attribute(name: string, value: Attribute): ProtobufWriter {
  const message = new ProtobufWriter().string(1, name);
  if (typeof value === "string") return message.bytes(4, new TextEncoder().encode(value)).varint(20, 3);
  if (typeof value === "object" && "float" in value) return message.float(2, value.float).varint(20, 1);
  if (typeof value === "object") {
    for (const item of value) message.varint(8, item);
    return message.varint(20, 7);
  }
  return floatAttributes.has(name) ? message.float(2, value).varint(20, 1) : message.varint(3, value).varint(20, 2);
}

function valueInfo(name: string, shape: Dims | undefined, dtype: ElementType): ProtobufWriter {
  const tensorType = new ProtobufWriter().varint(1, elementTypes[dtype]);
  if (shape !== undefined) {
    const dims = new ProtobufWriter();
    for (const dim of shape) dims.message(1, typeof dim === "string" ? new ProtobufWriter().string(2, dim) : new ProtobufWriter().varint(1, dim));
    tensorType.message(2, dims);
  }
  return new ProtobufWriter().string(1, name).message(2, new ProtobufWriter().message(1, tensorType));
}
