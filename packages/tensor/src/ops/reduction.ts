// The other reductions over axes.
import { normalizeAxis, sizeOf } from "../shape.ts";
import { applyOp, type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType, type HostValue, type OpDefinition } from "./definition.ts";
import { cast, div, equal, mul } from "./elementwise.ts";
import { type ReduceOptions, reducer, sum } from "./sum.ts";

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

const sumSquaresOverAxes = reducer({
  name: "sumSquares",
  onnx: "ReduceSumSquare",
  start: 0,
  combine: (total, x) => total + x * x,
  vjp: (g, x) => mul(mul(g, 2), x),
  dtypes: ["float32"],
});

/** Sum of squares over axes, without an array of the squares. */
export function sumSquares(x: TensorLike, options: ReduceOptions = {}): Tensor {
  const tensor = toTensor(x);
  // Over no axis nothing is summed, but squared it is.
  return (options.axes ?? tensor.shape).length === 0 ? mul(tensor, tensor) : sumSquaresOverAxes(tensor, options);
}

/** Mean over axes. */
export function mean(x: TensorLike, options: ReduceOptions = {}): Tensor {
  const tensor = toTensor(x);
  const total = sum(tensor, options);
  return mul(total, sizeOf(total.shape) / sizeOf(tensor.shape));
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
    const length = shape[axis]!;
    return new Float64Array(sizeOf(node.shape)).map((_, i) => {
      const base = Math.floor(i / inner) * inner * length + (i % inner);
      let best = 0;
      for (let j = 1; j < length; j++) if (data[base + j * inner]! > data[base + best * inner]!) best = j;
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
    const length = shape[axis]!;
    for (let lane = 0; lane < data.length / Math.max(length, 1); lane++) {
      const base = Math.floor(lane / inner) * inner * length + (lane % inner);
      let total = 0;
      for (let step = 0; step < length; step++) {
        const at = base + (reverse ? length - 1 - step : step) * inner;
        if (!exclusive) total += data[at]!;
        out[at] = total;
        if (exclusive) total += data[at]!;
      }
    }
    return out;
  },
  emit: (builder, [x], _node, { axis, exclusive, reverse }) =>
    builder.node("CumSum", [x as string, builder.int64(axis)], { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 }),
};

/** Running sum along an axis; `exclusive` leaves out the element itself. */
export function cumSum(
  x: TensorLike,
  {
    axis = -1,
    exclusive = false,
  }: {
    /** The axis to go along; a negative one counts from the end. @default -1 */
    axis?: number;
    /** Leave out the element itself, so that the first sum is 0. @default false */
    exclusive?: boolean;
  } = {},
): Tensor {
  const tensor = toTensor(x);
  return applyOp(cumSumOp, [tensor], { axis: normalizeAxis("cumSum", axis, tensor.shape), exclusive, reverse: false });
}
