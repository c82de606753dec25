// Traced values. A `Tensor` is a node of the graph of one traced function: it knows its shape, its dtype, the
// primitive op that makes it and that op's inputs, but holds no numbers. Ops are pure, so equal nodes are shared.
import { InvalidArgumentError } from "@diffucoder/core";
import { allocate, type DType } from "./dtype.ts";
import { NdArray } from "./nd-array.ts";
import type { Shape } from "./shape.ts";
import type { OpDefinition } from "./ops/definition.ts";

/** Shape and dtype of a value. */
export interface Aval {
  /** Length of each axis; `[]` for a scalar. */
  readonly shape: Shape;
  /** Type of the elements. */
  readonly dtype: DType;
}

/**
 * A value of a function that is being traced: what operations take and give. It has a shape and a dtype, and no numbers: those
 * exist where the compiled function runs. So JavaScript cannot compare it, add to it, branch on it or print its elements; what
 * would turn it into a number or text throws an `InvalidArgumentError`. Only `if (a)` and `a ? b : c` cannot be caught: an object
 * is always true.
 */
export class Tensor implements Aval {
  /** Number of the node. */
  readonly id: number;
  /** Length of each axis; `[]` for a scalar. */
  readonly shape: Shape;
  /** Type of the elements. */
  readonly dtype: DType;
  /** The primitive that computes this value; `undefined` for inputs and constants. */
  readonly op: OpDefinition | undefined;
  /** What the primitive was told besides its inputs, such as an axis. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The values that it is computed from. */
  readonly inputs: readonly Tensor[];
  /** The value, if it is known while tracing. */
  readonly constant: NdArray | undefined;

  constructor({
    shape,
    dtype,
    op,
    attributes = {},
    inputs = [],
    constant,
  }: Aval & {
    /** The primitive that computes it. @default none, as for inputs and constants */
    op?: OpDefinition;
    /** What the primitive is told besides its inputs. @default nothing */
    attributes?: Record<string, unknown>;
    /** The values that it is computed from. @default none */
    inputs?: readonly Tensor[];
    /** The value, if it is known while tracing. */
    constant?: NdArray;
  }) {
    this.id = nextId++;
    this.shape = shape;
    this.dtype = dtype;
    this.op = op;
    this.attributes = attributes;
    this.inputs = inputs;
    this.constant = constant;
  }

  /** @throws {InvalidArgumentError} where JavaScript wants a number or text: `a > 1`, `a + 1`, `${a}` */
  [Symbol.toPrimitive](): never {
    return noNumbers(this, "a number or text in JavaScript");
  }

  /** @throws {InvalidArgumentError} in `JSON.stringify` */
  toJSON(): never {
    return noNumbers(this, "written as JSON");
  }

  /** @throws {InvalidArgumentError} in `[...a]` and `for (const x of a)` */
  [Symbol.iterator](): never {
    return noNumbers(this, "gone through element by element");
  }

  /** What `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    const made = this.op?.name ?? (this.constant === undefined ? "input" : "constant");
    return `Tensor { ${this.dtype} [${this.shape.join(", ")}], ${made}; without numbers until a compiled function runs }`;
  }

  /** What `Object.prototype.toString` calls it. */
  get [Symbol.toStringTag](): string {
    return "Tensor";
  }
}

function noNumbers({ shape, dtype }: Aval, use: string): never {
  throw new InvalidArgumentError({
    argument: "tensor",
    value: `${dtype} [${shape.join(", ")}]`,
    expected: `used with operations such as add, greater and where, not as ${use.startsWith("a ") ? use : `something that is ${use}`}`,
    wayOut: "While a function is traced its tensors have no numbers: compile it, call it with arrays, and read the result's data.",
  });
}

/** A traced value, or a number or array that becomes a constant of the graph. */
export type TensorLike = Tensor | NdArray | number;

let nextId = 0;
/** Nodes of the trace under way: by how they are computed, and constants by their array. */
let shared: Map<string | NdArray, Tensor> | undefined;

/** Whether a value is a traced tensor. */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}

/** Runs `build` with equal nodes shared (common subexpressions are built once). */
export function withSharing<T>(build: () => T): T {
  const outer = shared;
  shared = new Map();
  try {
    return build();
  } finally {
    shared = outer;
  }
}

/** Applies a primitive: checks the inputs and returns the node. @throws {ShapeError} or {InvalidArgumentError} from the op's own check */
export function applyOp(op: OpDefinition, inputs: readonly Tensor[], attributes: Record<string, unknown> = {}): Tensor {
  const key = shared && `${op.name}(${inputs.map((input) => input.id).join(",")})${JSON.stringify(attributes)}`;
  const known = key && shared?.get(key);
  if (known) return known;
  const aval = op.infer(inputs, attributes);
  const node = new Tensor({ ...aval, op, attributes, inputs });
  if (key) shared?.set(key, node);
  return node;
}

/** A constant of the graph. Numbers are float32 unless the other operand says otherwise. */
export function constant(value: NdArray | number, dtype: DType = "float32"): Tensor {
  const key = value instanceof NdArray ? value : `constant ${dtype} ${Object.is(value, -0) ? "-0" : value}`;
  const known = shared?.get(key);
  if (known) return known;
  const array = value instanceof NdArray ? value : scalarOf(value, dtype);
  const node = new Tensor({ shape: array.shape, dtype: array.dtype, constant: array });
  shared?.set(key, node);
  return node;
}

function scalarOf(value: number, dtype: DType): NdArray {
  const data = allocate(dtype, 1);
  data[0] = value;
  return new NdArray(data, [], dtype);
}

export function toTensor(value: TensorLike, dtype: DType = "float32"): Tensor {
  if (value instanceof Tensor) return value;
  if (typeof value === "number" || value instanceof NdArray) return constant(value, dtype);
  throw new InvalidArgumentError({ argument: "operand", value, expected: "a traced tensor, an NdArray or a number" });
}

/** All nodes that the outputs need, inputs before users. Iterative: deep graphs must not overflow the stack. */
export function topologicalOrder(outputs: readonly Tensor[]): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  const stack: { node: Tensor; next: number }[] = [];
  for (const output of outputs) {
    if (seen.has(output)) continue;
    seen.add(output);
    stack.push({ node: output, next: 0 });
    while (stack.length > 0) {
      const frame = stack[stack.length - 1] as { node: Tensor; next: number };
      const input = frame.node.inputs[frame.next++];
      if (input === undefined) {
        order.push(frame.node);
        stack.pop();
      } else if (!seen.has(input)) {
        seen.add(input);
        stack.push({ node: input, next: 0 });
      }
    }
  }
  return order;
}
