// Reading and writing by index. Out-of-range indices are the caller's error: they are not checked on the device.
import { InvalidArgumentError, ShapeError } from "@diffucoder/core";
import { int32, zerosArray } from "../nd-array.ts";
import { normalizeAxis, sameShape, type Shape, sizeOf } from "../shape.ts";
import { applyOp, constant, type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType, type HostValue, type OpDefinition } from "./definition.ts";
import { cast, equal } from "./elementwise.ts";
import { applyFused, type FusedOp } from "./fused.ts";
import { reshape } from "./movement.ts";
import { broadcastTo } from "./sum.ts";

const takeOp: OpDefinition = {
  name: "take",
  infer: (inputs) => {
    const [table, indices] = inputs as [Tensor, Tensor];
    expectDType("take", "indices", indices, "int32");
    if (table.shape.length < 1) throw new ShapeError({ argument: "take: table", shape: table.shape, expected: "at least one axis" });
    return { shape: [...indices.shape, ...table.shape.slice(1)], dtype: table.dtype };
  },
  vjp: (g, node) => {
    const [table, indices] = node.inputs as [Tensor, Tensor];
    const [count, width] = [sizeOf(indices.shape), sizeOf(table.shape.slice(1))];
    const [sums] = applyFused(addRowsOp, [reshape(indices, [count]), reshape(g, [count, width])], { rows: table.shape[0]! });
    return [reshape(sums!, table.shape), undefined];
  },
  evaluate: (inputs, node) => {
    const [table, indices] = inputs as [HostValue, HostValue];
    const width = sizeOf(table.shape.slice(1));
    const out = new Float64Array(sizeOf(node.shape));
    indices.data.forEach((row, i) => out.set(table.data.subarray(row * width, (row + 1) * width), i * width));
    return out;
  },
  emit: (builder, inputs) => builder.node("Gather", inputs, { axis: 0 }),
};

/** Inputs: indices `[M]`, rows `[M, W]`. Result: zeros `[V, W]` to which each row is added at its index. */
const addRowsOp: FusedOp = {
  name: "addRows",
  decompose: ([indices, updates], { rows }: { rows: number }) => {
    const [count, width] = updates!.shape as [number, number];
    const spread = broadcastTo(reshape(indices!, [count, 1]), [count, width]);
    return [scatterAdd(spread, updates!, { axis: 0, shape: [rows, width] })];
  },
  vjp: ([g], { inputs: [indices] }) => [undefined, take(g!, indices!)],
  kernel: (target, [, updates], { rows }: { rows: number }) => {
    const [count, width] = updates!.shape as [number, number];
    return target.reaches("avx2") && rows * width > 0 ? { name: "AddRows", attributes: { count, rows, width } } : undefined;
  },
};

/** Rows of a table: `table [V, ...]`, `indices [...]` int32 -> `[..., ...]`. */
export function take(table: TensorLike, indices: TensorLike): Tensor {
  return applyOp(takeOp, [toTensor(table), toTensor(indices, "int32")]);
}

const takeAlongAxisOp: OpDefinition = {
  name: "takeAlongAxis",
  infer: (inputs, { axis }) => {
    const [x, indices] = inputs as [Tensor, Tensor];
    expectDType("takeAlongAxis", "indices", indices, "int32");
    const fits = x.shape.length === indices.shape.length && x.shape.every((dim, i) => i === axis || dim === indices.shape[i]);
    if (!fits)
      throw new ShapeError({
        argument: "takeAlongAxis: indices",
        shape: indices.shape,
        expected: `[${x.shape.join(", ")}] except along axis ${axis}`,
      });
    return { shape: indices.shape, dtype: x.dtype };
  },
  vjp: (g, node, { axis }) => {
    const [x, indices] = node.inputs as [Tensor, Tensor];
    return [scatterAdd(indices, g, { axis, shape: x.shape }), undefined];
  },
  evaluate: (inputs, _node, { axis }) => {
    const [x, indices] = inputs as [HostValue, HostValue];
    return indices.data.map((_, i) => x.data[elementIndex(i, indices, axis, x.shape)]!);
  },
  emit: (builder, inputs, _node, { axis }) => builder.node("GatherElements", inputs, { axis }),
};

/** `out[i][j] = x[i][indices[i][j]]` for the last axis, and likewise for others. */
export function takeAlongAxis(x: TensorLike, indices: TensorLike, axis = -1): Tensor {
  const tensor = toTensor(x);
  return applyOp(takeAlongAxisOp, [tensor, toTensor(indices, "int32")], { axis: normalizeAxis("takeAlongAxis", axis, tensor.shape) });
}

const scatterAddOp: OpDefinition = {
  name: "scatterAdd",
  infer: (inputs, { axis, shape }) => {
    const [indices, updates] = inputs as [Tensor, Tensor];
    expectDType("scatterAdd", "indices", indices, "int32");
    expectDType("scatterAdd", "updates", updates, "float32");
    const fits = sameShape(indices.shape, updates.shape) && shape.every((dim: number, i: number) => i === axis || dim === indices.shape[i]);
    if (!fits)
      throw new ShapeError({
        argument: "scatterAdd: updates",
        shape: updates.shape,
        expected: `the shape of indices, [${indices.shape.join(", ")}], and of the result except along axis ${axis}`,
      });
    return { shape, dtype: "float32" };
  },
  vjp: (g, node, { axis }) => [undefined, takeAlongAxis(g, node.inputs[0] as Tensor, axis)],
  evaluate: (inputs, node, { axis }) => {
    const [indices, updates] = inputs as [HostValue, HostValue];
    const out = new Float64Array(sizeOf(node.shape));
    updates.data.forEach((value, i) => {
      const at = elementIndex(i, indices, axis, node.shape);
      out[at] = out[at]! + value;
    });
    return out;
  },
  // ScatterElements adds correctly for repeated indices; ScatterND with "add" races between threads.
  emit: (builder, [indices, updates], node, { axis }) => {
    const zeros = builder.node("ConstantOfShape", [builder.int64s(node.shape)]);
    return builder.node("ScatterElements", [zeros, indices as string, updates as string], { axis, reduction: "add" });
  },
};

/** Adds `updates` into zeros of `shape` at `indices` along an axis; the inverse of `takeAlongAxis`. */
export function scatterAdd(
  indices: TensorLike,
  updates: TensorLike,
  {
    axis,
    shape,
  }: {
    /** The axis of `shape` that the indices are of; a negative one counts from the end. */
    axis: number;
    /** Shape of the result, that of `indices` except along `axis`. */
    shape: Shape;
  },
): Tensor {
  return applyOp(scatterAddOp, [toTensor(indices, "int32"), toTensor(updates)], { axis: normalizeAxis("scatterAdd", axis, shape), shape });
}

const replaceRowsOp: OpDefinition = {
  name: "replaceRows",
  updates: 0,
  infer: (inputs) => {
    const [table, rows, updates] = inputs as [Tensor, Tensor, Tensor];
    expectDType("replaceRows", "rows", rows, "int32");
    expectDType("replaceRows", "updates", updates, table.dtype);
    if (rows.shape.length !== 1) throw new ShapeError({ argument: "replaceRows: rows", shape: rows.shape, expected: "one axis" });
    const expected = [rows.shape[0]!, ...table.shape.slice(1)];
    if (table.shape.length < 1 || !sameShape(updates.shape, expected))
      throw new ShapeError({
        argument: "replaceRows: updates",
        shape: updates.shape,
        expected: `[${expected.join(", ")}], a row of table for each index`,
      });
    return { shape: table.shape, dtype: table.dtype };
  },
  vjp: (g, node) => {
    const [, rows, updates] = node.inputs as [Tensor, Tensor, Tensor];
    return [replaceRows(g, rows, zeros(updates.shape)), undefined, take(g, rows)];
  },
  evaluate: (inputs) => {
    const [table, rows, updates] = inputs as [HostValue, HostValue, HostValue];
    const width = sizeOf(table.shape.slice(1));
    const out = table.data.slice();
    rows.data.forEach((row, i) => out.set(updates.data.subarray(i * width, (i + 1) * width), row * width));
    return out;
  },
  emit: (builder, [table, rows, updates]) => {
    const column = builder.node("Unsqueeze", [builder.castInt64(rows as string), builder.int64s([-1])]);
    return builder.node("ScatterND", [table as string, column, updates as string]);
  },
};

/**
 * A table with some rows replaced: `table [V, ...]`, `rows [M]` int32, `updates [M, ...]` -> `[V, ...]`. A donated table
 * is updated in place. Rows are distinct, or else their updates are equal.
 */
export function replaceRows(table: TensorLike, rows: TensorLike, updates: TensorLike): Tensor {
  return applyOp(replaceRowsOp, [toTensor(table), toTensor(rows, "int32"), toTensor(updates)]);
}

/** Flat index into an array of `shape` that element `i` of `indices` points at. */
function elementIndex(i: number, indices: HostValue, axis: number, shape: Shape): number {
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = Math.floor(i / (inner * indices.shape[axis]!));
  return (outer * shape[axis]! + indices.data[i]!) * inner + (i % inner);
}

const sortIndicesOp: OpDefinition = {
  name: "sortIndices",
  infer: ([x], { count }) => {
    expectDType("sortIndices", "x", x as Tensor, "float32");
    return { shape: [...(x as Tensor).shape.slice(0, -1), count], dtype: "int32" };
  },
  evaluate: ([x], node, { count }) => {
    const { data, shape } = x as HostValue;
    const width = shape.at(-1) as number;
    const out = new Float64Array(sizeOf(node.shape));
    for (let row = 0; row < sizeOf(shape.slice(0, -1)); row++) {
      const order = Array.from({ length: width }, (_, i) => i).sort((a, b) => data[row * width + b]! - data[row * width + a]! || a - b);
      out.set(order.slice(0, count), row * count);
    }
    return out;
  },
  emit: (builder, [x], _node, { count }) =>
    builder.cast(builder.nodes("TopK", [x as string, builder.int64s([count])], { axis: -1, largest: 1, sorted: 1 }, 2)[1]!, "int32"),
};

/** Indices of the `count` largest elements of the last axis, largest first; equal ones by lower index. */
export function sortIndices(x: TensorLike, count?: number): Tensor {
  const tensor = toTensor(x);
  const width = tensor.shape.at(-1) ?? 0;
  const k = count ?? width;
  if (!Number.isInteger(k) || k < 1 || k > width)
    throw new InvalidArgumentError({ argument: "sortIndices: count", value: k, expected: `an integer from 1 to ${width}` });
  return applyOp(sortIndicesOp, [tensor], { count: k });
}

/** `0, 1, ..., length - 1` as int32. */
export function iota(length: number): Tensor {
  return constant(int32(Array.from({ length }, (_, i) => i)));
}

/** Zeros of a shape. */
export function zeros(shape: Shape): Tensor {
  return constant(zerosArray(shape));
}

/** One-hot rows: `indices [...]` -> float32 `[..., depth]`. */
export function oneHot(indices: TensorLike, depth: number): Tensor {
  const tensor = toTensor(indices, "int32");
  return cast(equal(reshape(tensor, [...tensor.shape, 1]), iota(depth)), "float32");
}
