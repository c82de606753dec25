// Sum over axes and its inverse, broadcasting: each is the other's gradient, so every operation that broadcasts needs both.
import { ShapeError } from "@diffucoder/core";
import { broadcastIndex, broadcastShapes, normalizeAxis, sameShape, type Shape, sizeOf } from "../shape.ts";
import { applyOp, type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType, type HostValue, type OpDefinition } from "./definition.ts";
import { reshape } from "./movement.ts";

/** Which axes a reduction takes away. */
export interface ReduceOptions {
  /** Axes to reduce; negative ones count from the end. @default all */
  axes?: readonly number[];
  /** Keep the reduced axes with size 1. @default false */
  keepDims?: boolean;
}

function keptShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
}

/** A reduction over axes from its ONNX operator, its meaning and its gradient. */
export function reducer({
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
      for (let i = 0; i < data.length; i++) out[index(i)] = combine(out[index(i)]!, data[i]!);
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
  emit: (builder, [x], node) => {
    const shape = builder.int64s(node.shape);
    // ONNX Runtime's optimizer takes an expansion to no element for no expansion, and drops it.
    if (sizeOf(node.shape) === 0) return builder.cast(builder.node("ConstantOfShape", [shape]), node.dtype);
    return builder.node("Expand", [x as string, shape]);
  },
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
