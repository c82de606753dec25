// Primitives that move elements without computing: reshape, transpose, slice, pad, concatenate.
import { InvalidArgumentError, ShapeError } from "@diffucoder/core";
import { normalizeAxis, sameShape, type Shape, sizeOf, stridesOf } from "../shape.ts";
import { applyOp, type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType, type HostValue, type OpDefinition } from "./definition.ts";

const reshapeOp: OpDefinition = {
  name: "reshape",
  isView: true,
  infer: ([x], { shape }) => ({ shape, dtype: (x as Tensor).dtype }),
  vjp: (g, node) => [reshape(g, (node.inputs[0] as Tensor).shape)],
  evaluate: ([x]) => (x as HostValue).data.slice(),
  emit: (builder, [x], node) => builder.node("Reshape", [x as string, builder.int64s(node.shape)], { allowzero: 1 }),
};

/** The same elements in another shape; one dimension may be -1. @throws {ShapeError} if the sizes differ */
export function reshape(x: TensorLike, shape: Shape): Tensor {
  const tensor = toTensor(x);
  const known = shape.reduce((size, dim) => (dim === -1 ? size : size * dim), 1);
  const full = shape.map((dim) => (dim === -1 ? sizeOf(tensor.shape) / known : dim));
  if (sizeOf(full) !== sizeOf(tensor.shape) || !full.every(Number.isInteger)) {
    throw new ShapeError({ argument: "reshape: x", shape: tensor.shape, expected: `as many elements as [${shape.join(", ")}]` });
  }
  if (sameShape(full, tensor.shape)) return tensor;
  // A reshape of a reshape is one reshape.
  return applyOp(reshapeOp, [tensor.op === reshapeOp ? (tensor.inputs[0] as Tensor) : tensor], { shape: full });
}

const transposeOp: OpDefinition = {
  name: "transpose",
  isView: true,
  infer: ([x], { permutation }) => ({ shape: permutation.map((axis: number) => (x as Tensor).shape[axis]), dtype: (x as Tensor).dtype }),
  vjp: (g, _node, { permutation }) => [
    transpose(
      g,
      permutation.map((_: number, axis: number) => permutation.indexOf(axis)),
    ),
  ],
  evaluate: ([x], node, { permutation }) => {
    const { data, shape } = x as HostValue;
    const strides = stridesOf(shape);
    return gatherStrided(
      data,
      node.shape,
      permutation.map((axis: number) => strides[axis]),
      0,
    );
  },
  emit: (builder, [x], _node, { permutation }) => builder.node("Transpose", [x as string], { perm: permutation }),
};

/** Reorders the axes: axis `i` of the result is axis `permutation[i]` of `x`. */
export function transpose(x: TensorLike, permutation: readonly number[]): Tensor {
  const tensor = toTensor(x);
  const isPermutation = permutation.length === tensor.shape.length && tensor.shape.every((_, axis) => permutation.includes(axis));
  if (!isPermutation) {
    throw new InvalidArgumentError({
      argument: "transpose: permutation",
      value: permutation,
      expected: `a permutation of the ${tensor.shape.length} axes of [${tensor.shape.join(", ")}]`,
    });
  }
  return permutation.every((axis, i) => axis === i) ? tensor : applyOp(transposeOp, [tensor], { permutation });
}

const sliceOp: OpDefinition = {
  name: "slice",
  infer: ([x], { starts, ends }) => ({ shape: starts.map((start: number, axis: number) => ends[axis] - start), dtype: (x as Tensor).dtype }),
  vjp: (g, node, { starts, ends }) => {
    const shape = (node.inputs[0] as Tensor).shape;
    return [pad(g, { before: starts, after: shape.map((dim, axis) => dim - ends[axis]) })];
  },
  evaluate: ([x], node, { starts }) => {
    const { data, shape } = x as HostValue;
    const strides = stridesOf(shape);
    const offset = starts.reduce((total: number, start: number, axis: number) => total + start * strides[axis]!, 0);
    return gatherStrided(data, node.shape, strides, offset);
  },
  emit: (builder, [x], _node, { starts, ends }) =>
    builder.node("Slice", [x as string, builder.int64s(starts), builder.int64s(ends), builder.int64s(starts.map((_: number, axis: number) => axis))]),
};

/** Elements `start <= i < end` along one axis; negative bounds count from the end. */
export function slice(
  x: TensorLike,
  {
    axis,
    start = 0,
    end,
  }: {
    /** The axis to cut; a negative one counts from the end. */
    axis: number;
    /** The first index that is kept; a negative one counts from the end. @default 0 */
    start?: number;
    /** The first index behind what is kept; a negative one counts from the end. @default the length of the axis */
    end?: number;
  },
): Tensor {
  const tensor = toTensor(x);
  const at = normalizeAxis("slice", axis, tensor.shape);
  const dim = tensor.shape[at]!;
  const from = start < 0 ? start + dim : start;
  const to = end === undefined ? dim : end < 0 ? end + dim : end;
  if (!(from >= 0 && from <= to && to <= dim)) {
    throw new ShapeError({ argument: "slice: x", shape: tensor.shape, expected: `axis ${axis} to hold ${start}..${end ?? dim}` });
  }
  if (from === 0 && to === dim) return tensor;
  return applyOp(sliceOp, [tensor], {
    starts: tensor.shape.map((_, i) => (i === at ? from : 0)),
    ends: tensor.shape.map((d, i) => (i === at ? to : d)),
  });
}

const padOp: OpDefinition = {
  name: "pad",
  infer: ([x], { before, after }) => {
    expectDType("pad", "x", x as Tensor, "float32", "int32");
    return { shape: (x as Tensor).shape.map((dim, axis) => before[axis] + dim + after[axis]), dtype: (x as Tensor).dtype };
  },
  vjp: (g, node, { before }) => {
    const shape = (node.inputs[0] as Tensor).shape;
    return [applyOp(sliceOp, [g], { starts: before, ends: shape.map((dim, axis) => dim + before[axis]) })];
  },
  evaluate: ([x], node, { before }) => {
    const { data, shape } = x as HostValue;
    const out = new Float64Array(sizeOf(node.shape));
    const [from, to] = [stridesOf(shape), stridesOf(node.shape)];
    for (let i = 0; i < data.length; i++) {
      let rest = i;
      let at = 0;
      for (let axis = 0; axis < shape.length; axis++) {
        const position = Math.floor(rest / from[axis]!);
        rest -= position * from[axis]!;
        at += (position + before[axis]) * to[axis]!;
      }
      out[at] = data[i]!;
    }
    return out;
  },
  emit: (builder, [x], _node, { before, after }) => builder.node("Pad", [x as string, builder.int64s([...before, ...after])]),
};

/** Surrounds `x` with zeros: `before[axis]` in front and `after[axis]` behind. */
export function pad(
  x: TensorLike,
  {
    before,
    after,
  }: {
    /** How many zeros in front, for each axis. */
    before: readonly number[];
    /** How many zeros behind, for each axis. */
    after: readonly number[];
  },
): Tensor {
  const tensor = toTensor(x);
  if ([...before, ...after].every((count) => count === 0)) return tensor;
  return applyOp(padOp, [tensor], { before, after });
}

const concatOp: OpDefinition = {
  name: "concat",
  infer: (inputs, { axis }) => {
    const first = inputs[0] as Tensor;
    inputs.forEach((input, i) => {
      expectDType("concat", `tensors[${i}]`, input, first.dtype);
      const fits = input.shape.length === first.shape.length && input.shape.every((dim, at) => at === axis || dim === first.shape[at]);
      if (!fits)
        throw new ShapeError({
          argument: `concat: tensors[${i}]`,
          shape: input.shape,
          expected: `[${first.shape.join(", ")}] except along axis ${axis}`,
        });
    });
    const total = inputs.reduce((size, input) => size + input.shape[axis]!, 0);
    return { shape: first.shape.map((dim, at) => (at === axis ? total : dim)), dtype: first.dtype };
  },
  vjp: (g, node, { axis }) => {
    let start = 0;
    return node.inputs.map((input) => {
      const end = start + input.shape[axis]!;
      const part = slice(g, { axis, start, end });
      start = end;
      return part;
    });
  },
  evaluate: (inputs, node, { axis }) => {
    const out = new Float64Array(sizeOf(node.shape));
    const outer = sizeOf(node.shape.slice(0, axis));
    const row = sizeOf(node.shape.slice(axis));
    let offset = 0;
    for (const { data, shape } of inputs) {
      const width = sizeOf(shape.slice(axis));
      for (let i = 0; i < outer; i++) out.set(data.subarray(i * width, (i + 1) * width), i * row + offset);
      offset += width;
    }
    return out;
  },
  emit: (builder, inputs, _node, { axis }) => builder.node("Concat", inputs, { axis }),
};

/** Joins tensors along an axis. */
export function concat(tensors: readonly TensorLike[], axis = 0): Tensor {
  if (tensors.length === 0) throw new InvalidArgumentError({ argument: "concat: tensors", value: tensors, expected: "at least one tensor" });
  const inputs = tensors.map((tensor) => toTensor(tensor));
  const at = normalizeAxis("concat", axis, (inputs[0] as Tensor).shape);
  return inputs.length === 1 ? (inputs[0] as Tensor) : applyOp(concatOp, inputs, { axis: at });
}

/** Tensors of one shape side by side along a new axis: n of `[...]` make `[..., n, ...]`. @throws {ShapeError} if their shapes differ */
export function stack(tensors: readonly TensorLike[], axis = 0): Tensor {
  const inputs = tensors.map((tensor) => toTensor(tensor));
  const first = inputs[0];
  if (first === undefined) throw new InvalidArgumentError({ argument: "stack: tensors", value: tensors, expected: "at least one tensor" });
  const other = inputs.find(({ shape }) => !sameShape(shape, first.shape));
  if (other !== undefined)
    throw new ShapeError({ argument: "stack: tensors", shape: other.shape, expected: `[${first.shape.join(", ")}], as the first` });
  const at = normalizeAxis("stack", axis, [...first.shape, 1]);
  return concat(
    inputs.map((input) => reshape(input, input.shape.toSpliced(at, 0, 1))),
    at,
  );
}

/** Cuts an axis into parts of these lengths, which must add up to it. @throws {ShapeError} if they do not */
export function split(x: TensorLike, lengths: readonly number[], axis = -1): Tensor[] {
  const tensor = toTensor(x);
  const at = normalizeAxis("split", axis, tensor.shape);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total !== tensor.shape[at] || !lengths.every((length) => Number.isInteger(length) && length >= 0))
    throw new ShapeError({ argument: "split: x", shape: tensor.shape, expected: `axis ${axis} as long as [${lengths.join(", ")}] together` });
  let start = 0;
  return lengths.map((length) => slice(tensor, { axis: at, start, end: (start += length) }));
}

/** Without an axis of length 1, or without all of them. @throws {ShapeError} if the axis is longer */
export function squeeze(x: TensorLike, axis?: number): Tensor {
  const tensor = toTensor(x);
  if (axis === undefined)
    return reshape(
      tensor,
      tensor.shape.filter((dim) => dim !== 1),
    );
  const at = normalizeAxis("squeeze", axis, tensor.shape);
  if (tensor.shape[at] !== 1) throw new ShapeError({ argument: "squeeze: x", shape: tensor.shape, expected: `axis ${axis} of length 1` });
  return reshape(tensor, tensor.shape.toSpliced(at, 1));
}

/** `out[i] = data[offset + sum of index * stride]`, row-major over `shape`. */
function gatherStrided(data: Float64Array, shape: Shape, strides: readonly number[], offset: number): Float64Array {
  const outStrides = stridesOf(shape);
  return new Float64Array(sizeOf(shape)).map((_, i) => {
    let rest = i;
    let at = offset;
    for (let axis = 0; axis < shape.length; axis++) {
      const position = Math.floor(rest / outStrides[axis]!);
      rest -= position * outStrides[axis]!;
      at += position * strides[axis]!;
    }
    return data[at]!;
  });
}
