// Sizes that whoever runs a file chooses, such as batch and length. A traced graph has fixed shapes, so the function is traced at
// several sizes, and each trace is emitted; where they differ, a size is meant:
//   numbers of a shape    c * a product of sizes, computed in the file from the shapes of its inputs
//   constants             0, 1, 2, ... or one number everywhere, as long as the sizes say
// Whatever else depends on the sizes is an error: the graph does not allow them.
import { InvalidArgumentError } from "@diffucoder/core";
import type { DType, TypedArray } from "../dtype.ts";
import type { Graph } from "../graph.ts";
import type { Shape } from "../shape.ts";
import { type Dims, OnnxBuilder } from "./builder.ts";

export type Sizes = Readonly<Record<string, number>>;

/** Primes that are no model's sizes: none is taken for another. */
const BASE = [11, 13, 17, 19];
const OTHER = [23, 29, 31, 37];
export const MOST_OPEN_SIZES = BASE.length;

/** Sizes to trace at: a base, each size changed alone, and all changed. */
export function sampleSizes(names: readonly string[]): Sizes[] {
  const at = (isOther: (i: number) => boolean): Sizes => Object.fromEntries(names.map((name, i) => [name, (isOther(i) ? OTHER : BASE)[i]!]));
  return [at(() => false), ...names.map((_, changed) => at((i) => i === changed)), at(() => true)];
}

interface RecordedArray {
  data: TypedArray;
  shape: Shape;
  dtype: DType;
}

/** Emits a trace for what may differ from that of other sizes. The bytes are not used. */
export class RecordingBuilder extends OnnxBuilder {
  readonly shapes: (readonly number[])[] = [];
  readonly arrays: RecordedArray[] = [];
  /** What must not differ. */
  readonly log: string[] = [];

  override nodes(
    opType: string,
    inputs: readonly string[],
    attributes: Record<string, number | string | readonly number[]>,
    count: number,
  ): string[] {
    this.log.push(`${opType} ${JSON.stringify(attributes)}`);
    return super.nodes(opType, inputs, attributes, count);
  }

  override int64s(values: readonly number[]): string {
    this.shapes.push([...values]);
    return super.int64s(values);
  }

  override int64(value: number): string {
    this.log.push(`the number ${value}`);
    return super.int64(value);
  }

  override scalar(value: number, dtype: DType): string {
    this.log.push(`the number ${value}`);
    return super.scalar(value, dtype);
  }

  override initializer(data: TypedArray, shape: Shape, dtype: DType): string {
    this.arrays.push({ data, shape, dtype });
    return "recorded"; // weights are not copied for a look at shapes
  }
}

/** What of a graph depends on the open sizes, from its traces at `sampleSizes`. */
export class OpenSizes {
  readonly #samples: readonly Sizes[];
  readonly #graphs: readonly Graph[];
  readonly #records: readonly RecordingBuilder[];

  /** @throws {InvalidArgumentError} if more than shapes and constants differs, or a size is no input's */
  constructor({ samples, graphs, records }: { samples: readonly Sizes[]; graphs: readonly Graph[]; records: readonly RecordingBuilder[] }) {
    [this.#samples, this.#graphs, this.#records] = [samples, graphs, records];
    for (const name of Object.keys(samples[0]!)) this.source(name);
    const [base] = records as readonly [RecordingBuilder];
    for (const { log, shapes, arrays } of records) {
      const differing = base.log.find((entry, i) => log[i] !== entry);
      if (differing !== undefined || log.length !== base.log.length) throw this.notOpen(differing ?? "the number of its operations");
      if (shapes.length !== base.shapes.length || arrays.length !== base.arrays.length) throw this.notOpen("the number of its constants");
    }
  }

  /** The `k`-th list of numbers, in every trace. */
  shapesAt(k: number): (readonly number[])[] {
    return this.#records.map(({ shapes }) => shapes[k]!);
  }

  /** The `k`-th constant, in every trace. */
  arraysAt(k: number): RecordedArray[] {
    return this.#records.map(({ arrays }) => arrays[k]!);
  }

  /** Constants of the first trace that depend on the sizes. */
  dependent(): Set<TypedArray> {
    const found = this.#records[0]!.arrays.filter((_, k) => !isSame(this.arraysAt(k)));
    return new Set(found.map(({ data }) => data));
  }

  /** A shape with the names of sizes in it. */
  named(of: (graph: Graph) => Shape): Dims {
    const shapes = this.#graphs.map(of);
    return shapes[0]!.map((_, axis) => {
      const { factor, names } = this.product(shapes.map((shape) => shape[axis]!));
      return names.length === 0 ? factor : [...(factor === 1 ? [] : [String(factor)]), ...names].join(" * ");
    });
  }

  /** A number, one value for each trace, as `factor` times some of the sizes. @throws {InvalidArgumentError} if it is no such product */
  product(values: readonly number[]): { factor: number; names: string[] } {
    const [base, ...rest] = this.#samples as [Sizes, ...Sizes[]];
    const [first, ...changed] = values as [number, ...number[]];
    const grows = (name: string, i: number): boolean => first !== 0 && changed[i]! / first === rest[i]![name]! / base[name]!;
    const names = Object.keys(base).filter((name, i) => grows(name, i));
    const factors = values.map((value, t) => value / names.reduce((size, name) => size * this.#samples[t]![name]!, 1));
    if (!factors.every((factor) => Number.isInteger(factor) && factor === factors[0]))
      throw this.notOpen(`a size of ${values[0]} where they are ${JSON.stringify(base)}`);
    return { factor: factors[0]!, names };
  }

  /** The input and axis that have a size. @throws {InvalidArgumentError} if none has */
  source(name: string): { input: number; axis: number } {
    const { inputs } = this.#graphs[0]!;
    for (let input = 0; input < inputs.length; input++) {
      const axis = inputs[input]!.shape.findIndex((_, i) =>
        this.#graphs.every((graph, t) => graph.inputs[input]!.shape[i] === this.#samples[t]![name]),
      );
      if (axis !== -1) return { input, axis };
    }
    throw new InvalidArgumentError({ argument: "openSizes", value: name, expected: "a size that is an axis of an input" });
  }

  notOpen(what: string): InvalidArgumentError {
    return new InvalidArgumentError({
      argument: "openSizes",
      value: Object.keys(this.#samples[0]!),
      expected: `sizes of which the graph's shapes are multiples; ${what} is not`,
    });
  }
}

/** Emits the trace at the first sizes, with what depends on them computed in the file. */
export class OpenSizesBuilder extends OnnxBuilder {
  readonly #sizes: OpenSizes;
  readonly #inputNames: readonly string[];
  readonly #values = new Map<string, string>();
  #shape = 0;
  #array = 0;

  constructor(sizes: OpenSizes, inputNames: readonly string[]) {
    super();
    [this.#sizes, this.#inputNames] = [sizes, inputNames];
  }

  override int64s(_values: readonly number[]): string {
    return this.#computed(this.#sizes.shapesAt(this.#shape++));
  }

  override initializer(data: TypedArray, shape: Shape, dtype: DType, name?: string): string {
    const arrays = this.#sizes.arraysAt(this.#array++);
    if (isSame(arrays)) return super.initializer(data, shape, dtype, name);
    const dims = this.#computed(arrays.map((array) => array.shape));
    if (arrays.every((array) => array.data.every((value) => value === data[0]))) return this.node("Expand", [super.scalar(data[0]!, dtype), dims]);
    if (!arrays.every((array) => array.data.every((value, i) => value === i))) throw this.#sizes.notOpen(`a constant of shape [${shape.join(", ")}]`);
    const count = this.#size(arrays.map((array) => array.data.length));
    const end = this.node("Squeeze", [count]);
    return this.node("Reshape", [this.cast(this.node("Range", [super.int64(0), end, super.int64(1)]), dtype), dims]);
  }

  /** Skips what another file holds. */
  override externalInitializer(...args: Parameters<OnnxBuilder["externalInitializer"]>): void {
    this.#array++;
    super.externalInitializer(...args);
  }

  /** A list of numbers, given those of every trace. */
  #computed(lists: readonly (readonly number[])[]): string {
    const [first] = lists as [readonly number[]];
    if (lists.every((list) => list.join() === first.join())) return super.int64s(first);
    return this.node(
      "Concat",
      first.map((_, i) => this.#size(lists.map((list) => list[i]!))),
      { axis: 0 },
    );
  }

  /** One number as a list of one, int64 `[1]`. */
  #size(values: readonly number[]): string {
    const { factor, names } = this.#sizes.product(values);
    const parts = names.map((name) => this.#sizeOf(name));
    if (factor !== 1 || parts.length === 0) parts.push(super.int64s([factor]));
    return parts.reduce((product, part) => this.node("Mul", [product, part]));
  }

  #sizeOf(name: string): string {
    let value = this.#values.get(name);
    if (value === undefined) {
      const { input, axis } = this.#sizes.source(name);
      value = this.node("Gather", [this.node("Shape", [this.#inputNames[input]!]), super.int64s([axis])]);
      this.#values.set(name, value);
    }
    return value;
  }
}

function isSame(arrays: readonly RecordedArray[]): boolean {
  const { data, shape } = arrays[0]!;
  return arrays.every((array) => array.data === data || (array.shape.join() === shape.join() && array.data.every((value, i) => value === data[i])));
}
