// Reductions over axes, and their inverse, broadcasting.
import { ShapeError } from "@diffucoder/core";
import { broadcastShapes, normalizeAxis, sameShape, type Shape, sizeOf } from "../shape.ts";
import { applyOp, Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType, type HostValue, type OpDefinition } from "./definition.ts";
import { broadcastIndex, cast, div, equal, mul } from "./elementwise.ts";
import { reshape } from "./movement.ts";

export interface ReduceOptions {
  /** Axes to reduce; negative ones count from the end. @default all */
  axes?: readonly number[];
  /** Keep the reduced axes with size 1. @default false */
  keepDims?: boolean;
}

function keptShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
}

function reducer({
  name,
  onnx,
  start,
  combine,
  vjp,
  dtypes,
}: {
  name: string;
  onnx: string;
  start: number;
  combine: (a: number, b: number) => number;
  vjp: (g: Tensor, x: Tensor, y: Tensor) => Tensor;
  dtypes: ("float32" | "int32")[];
}) {
  // The primitive keeps the reduced axes; the function below drops them with a reshape.
  const op: OpDefinition = {
    name,
    infer: ([x], { axes }) => {
      expectDType(name, "x", x as Tensor, ...dtypes);
      return { shape: keptShape((x as Tensor).shape, axes), dtype: (x as Tensor).dtype };
    },
    vjp: (g, node) => [vjp(g, node.inputs[0] as Tensor, node)],
    evaluate: ([x], node) => {
      const { data, shape } = x as HostValue;
      const out = new Float64Array(sizeOf(node.shape)).fill(start);
      const index = broadcastIndex(node.shape, shape);
      for (let i = 0; i < data.length; i++) out[index(i)] = combine(out[index(i)] as number, data[i] as number);
      return out;
    },
    emit: (builder, [x], _node, { axes }) => builder.node(onnx, [x as string, builder.int64s(axes)], { keepdims: 1 }),
  };
  return (x: TensorLike, { axes, keepDims = false }: ReduceOptions = {}): Tensor => {
    const tensor = toTensor(x);
    const normal = (axes ?? tensor.shape.map((_, axis) => axis)).map((axis) => normalizeAxis(name, axis, tensor.shape)).sort((a, b) => a - b);
    const kept = normal.length === 0 ? tensor : applyOp(op, [tensor], { axes: normal });
    return keepDims
      ? kept
      : reshape(
          kept,
          tensor.shape.filter((_, axis) => !normal.includes(axis)),
        );
  };
}

/** Sum over axes. */
export const sum = reducer({
  name: "sum",
  onnx: "ReduceSum",
  start: 0,
  combine: (a, b) => a + b,
  vjp: (g, x) => broadcastTo(g, x.shape),
  dtypes: ["float32", "int32"],
});

/** Maximum over axes; equal maxima share the gradient. */
export const max = reducer({
  name: "max",
  onnx: "ReduceMax",
  start: -Infinity,
  combine: Math.max,
  vjp: (g, x, y) => {
    const isMax = cast(equal(x, y), "float32");
    const axes = x.shape.flatMap((dim, axis) => (dim !== y.shape[axis] ? [axis] : []));
    return mul(isMax, div(g, sum(isMax, { axes, keepDims: true })));
  },
  dtypes: ["float32", "int32"],
});

/** Mean over axes. */
export function mean(x: TensorLike, options: ReduceOptions = {}): Tensor {
  const tensor = toTensor(x);
  const total = sum(tensor, options);
  return mul(total, sizeOf(total.shape) / sizeOf(tensor.shape));
}

const broadcastOp: OpDefinition = {
  name: "broadcastTo",
  isView: true,
  infer: ([x], { shape }) => {
    const from = (x as Tensor).shape;
    if (!sameShape(broadcastShapes("broadcastTo", shape, from), shape)) {
      throw new ShapeError({ argument: "broadcastTo: x", shape: from, expected: `a shape that broadcasts to [${shape.join(", ")}]` });
    }
    return { shape, dtype: (x as Tensor).dtype };
  },
  vjp: (g, node) => [sumTo(g, (node.inputs[0] as Tensor).shape)],
  evaluate: ([x], node) => {
    const index = broadcastIndex((x as HostValue).shape, node.shape);
    return new Float64Array(sizeOf(node.shape)).map((_, i) => (x as HostValue).data[index(i)] as number);
  },
  emit: (builder, [x], node) => builder.node("Expand", [x as string, builder.int64s(node.shape)]),
};

/** Repeats along axes of size 1 and new leading axes until the shape is `shape`. */
export function broadcastTo(x: TensorLike, shape: Shape): Tensor {
  const tensor = toTensor(x);
  return sameShape(tensor.shape, shape) ? tensor : applyOp(broadcastOp, [tensor], { shape });
}

/** Sums a gradient back to the shape of a broadcast operand. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const extra = x.shape.length - shape.length;
  const axes = x.shape.flatMap((dim, axis) => (axis < extra || (shape[axis - extra] === 1 && dim !== 1) ? [axis] : []));
  return reshape(sum(x, { axes, keepDims: true }), shape);
}

const argMaxOp: OpDefinition = {
  name: "argMax",
  infer: ([x], { axis }) => {
    expectDType("argMax", "x", x as Tensor, "float32", "int32");
    return { shape: (x as Tensor).shape.filter((_, i) => i !== axis), dtype: "int32" };
  },
  evaluate: ([x], node, { axis }) => {
    const { data, shape } = x as HostValue;
    const inner = sizeOf(shape.slice(axis + 1));
    const length = shape[axis] as number;
    return new Float64Array(sizeOf(node.shape)).map((_, i) => {
      const base = Math.floor(i / inner) * inner * length + (i % inner);
      let best = 0;
      for (let j = 1; j < length; j++) if ((data[base + j * inner] as number) > (data[base + best * inner] as number)) best = j;
      return best;
    });
  },
  emit: (builder, [x], _node, { axis }) => builder.cast(builder.node("ArgMax", [x as string], { axis, keepdims: 0 }), "int32"),
};

/** Index of the first maximum along an axis, int32. */
export function argMax(x: TensorLike, axis = -1): Tensor {
  const tensor = toTensor(x);
  return applyOp(argMaxOp, [tensor], { axis: normalizeAxis("argMax", axis, tensor.shape) });
}

const cumSumOp: OpDefinition = {
  name: "cumSum",
  infer: ([x]) => {
    expectDType("cumSum", "x", x as Tensor, "float32", "int32");
    return { shape: (x as Tensor).shape, dtype: (x as Tensor).dtype };
  },
  vjp: (g, _node, { axis, exclusive, reverse }) => [applyOp(cumSumOp, [g], { axis, exclusive, reverse: !reverse })],
  evaluate: ([x], _node, { axis, exclusive, reverse }) => {
    const { data, shape } = x as HostValue;
    const out = new Float64Array(data.length);
    const inner = sizeOf(shape.slice(axis + 1));
    const length = shape[axis] as number;
    for (let lane = 0; lane < data.length / Math.max(length, 1); lane++) {
      const base = Math.floor(lane / inner) * inner * length + (lane % inner);
      let total = 0;
      for (let step = 0; step < length; step++) {
        const at = base + (reverse ? length - 1 - step : step) * inner;
        if (!exclusive) total += data[at] as number;
        out[at] = total;
        if (exclusive) total += data[at] as number;
      }
    }
    return out;
  },
  emit: (builder, [x], _node, { axis, exclusive, reverse }) =>
    builder.node("CumSum", [x as string, builder.int64(axis)], { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 }),
};

/** Running sum along an axis; `exclusive` leaves out the element itself. */
export function cumSum(x: TensorLike, { axis = -1, exclusive = false }: { axis?: number; exclusive?: boolean } = {}): Tensor {
  const tensor = toTensor(x);
  return applyOp(cumSumOp, [tensor], { axis: normalizeAxis("cumSum", axis, tensor.shape), exclusive, reverse: false });
}
