// Elementwise primitives with NumPy broadcasting, each with its gradient.
import { InvalidArgumentError } from "@diffucoder/core";
import type { DType } from "../dtype.ts";
import { broadcastIndex, broadcastShapes, sizeOf } from "../shape.ts";
import { applyOp, constant, Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType, type HostValue, type OpDefinition } from "./definition.ts";
import { sumTo } from "./sum.ts";

interface UnarySpec {
  name: string;
  onnx: string;
  compute: (x: number) => number;
  /** d/dx as a function of x and y, times g. Absent: no gradient flows. */
  gradient?: (g: Tensor, x: Tensor, y: Tensor) => Tensor;
  dtypes?: DType[];
}

function unary({ name, onnx, compute, gradient, dtypes = ["float32"] }: UnarySpec): (x: TensorLike) => Tensor {
  const op: OpDefinition = {
    name,
    isElementwise: true,
    infer: ([x]) => {
      expectDType(name, "x", x as Tensor, ...dtypes);
      return { shape: (x as Tensor).shape, dtype: (x as Tensor).dtype };
    },
    ...(gradient && { vjp: (g: Tensor, node: Tensor) => [gradient(g, node.inputs[0] as Tensor, node)] }),
    evaluate: ([x]) => (x as HostValue).data.map((value) => compute(value)),
    emit: (builder, [x]) => builder.node(onnx, [x as string]),
  };
  return (x) => applyOp(op, [toTensor(x)]);
}

/** `-x`, elementwise; float32 or int32. */
export const neg = unary({ name: "neg", onnx: "Neg", compute: (x) => -x, gradient: (g) => neg(g), dtypes: ["float32", "int32"] });
/** `e^x`, elementwise; float32. */
export const exp = unary({ name: "exp", onnx: "Exp", compute: Math.exp, gradient: (g, _x, y) => mul(g, y) });
/** Natural logarithm, elementwise; float32. Of 0 it is minus infinity, of negative numbers NaN. */
export const log = unary({ name: "log", onnx: "Log", compute: Math.log, gradient: (g, x) => div(g, x) });
/** Square root, elementwise; float32. Of negative numbers it is NaN. */
export const sqrt = unary({ name: "sqrt", onnx: "Sqrt", compute: Math.sqrt, gradient: (g, _x, y) => div(mul(g, 0.5), y) });
/** `1 / x`, elementwise; float32. */
export const reciprocal = unary({ name: "reciprocal", onnx: "Reciprocal", compute: (x) => 1 / x, gradient: (g, _x, y) => neg(mul(g, mul(y, y))) });
/** `1 / (1 + e^-x)`, elementwise; float32. */
export const sigmoid = unary({
  name: "sigmoid",
  onnx: "Sigmoid",
  compute: (x) => 1 / (1 + Math.exp(-x)),
  gradient: (g, _x, y) => mul(g, mul(y, sub(1, y))),
});
/** Hyperbolic tangent, elementwise; float32. */
export const tanh = unary({ name: "tanh", onnx: "Tanh", compute: Math.tanh, gradient: (g, _x, y) => mul(g, sub(1, mul(y, y))) });
/** Sine of radians, elementwise; float32. */
export const sin = unary({ name: "sin", onnx: "Sin", compute: Math.sin, gradient: (g, x) => mul(g, cos(x)) });
/** Cosine of radians, elementwise; float32. */
export const cos = unary({ name: "cos", onnx: "Cos", compute: Math.cos, gradient: (g, x) => neg(mul(g, sin(x))) });
/** Absolute value, elementwise; float32 or int32. At 0 its gradient is 0. */
export const abs = unary({ name: "abs", onnx: "Abs", compute: Math.abs, gradient: (g, x) => mul(g, sign(x)), dtypes: ["float32", "int32"] });
/** -1, 0 or 1 by the sign of `x`, elementwise; float32 or int32. No gradient flows. */
export const sign = unary({ name: "sign", onnx: "Sign", compute: Math.sign, dtypes: ["float32", "int32"] });
/** Largest whole number that is not above `x`, elementwise; float32. No gradient flows. */
export const floor = unary({ name: "floor", onnx: "Floor", compute: Math.floor });
/** Whether `x` is false, elementwise; bool. */
export const not = unary({ name: "not", onnx: "Not", compute: (x) => (x === 0 ? 1 : 0), dtypes: ["bool"] });

interface BinarySpec {
  name: string;
  onnx: string;
  compute: (a: number, b: number, dtype: DType) => number;
  gradient?: (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => [Tensor, Tensor];
  dtypes?: DType[];
  result?: DType;
}

function binary({ name, onnx, compute, gradient, dtypes = ["float32", "int32"], result }: BinarySpec): (a: TensorLike, b: TensorLike) => Tensor {
  const op: OpDefinition = {
    name,
    isElementwise: true,
    infer: (inputs) => {
      const [a, b] = inputs as [Tensor, Tensor];
      expectDType(name, "a", a, ...dtypes);
      expectDType(name, "b", b, a.dtype);
      return { shape: broadcastShapes(name, a.shape, b.shape), dtype: result ?? a.dtype };
    },
    ...(gradient && {
      vjp: (g: Tensor, node: Tensor) => {
        const [a, b] = node.inputs as [Tensor, Tensor];
        const [ga, gb] = gradient(g, a, b, node);
        return [sumTo(ga, a.shape), sumTo(gb, b.shape)];
      },
    }),
    evaluate: (inputs, node) => {
      const [a, b] = inputs as [HostValue, HostValue];
      const dtype = (node.inputs[0] as Tensor).dtype;
      const out = new Float64Array(sizeOf(node.shape));
      const [indexA, indexB] = [broadcastIndex(a.shape, node.shape), broadcastIndex(b.shape, node.shape)];
      for (let i = 0; i < out.length; i++) out[i] = compute(a.data[indexA(i)]!, b.data[indexB(i)]!, dtype);
      return out;
    },
    emit: (builder, inputs) => builder.node(onnx, inputs),
  };
  return (a, b) => applyOp(op, operands(a, b));
}

/** A bare number takes the dtype of the tensor that it meets. */
function operands(a: TensorLike, b: TensorLike): [Tensor, Tensor] {
  if (a instanceof Tensor) return [a, toTensor(b, a.dtype)];
  if (b instanceof Tensor) return [toTensor(a, b.dtype), b];
  return [toTensor(a), toTensor(b)];
}

/** `a + b`, elementwise with NumPy's broadcasting; both float32 or both int32. */
export const add = binary({ name: "add", onnx: "Add", compute: (a, b) => a + b, gradient: (g) => [g, g] });
/** `a - b`, elementwise with NumPy's broadcasting; both float32 or both int32. */
export const sub = binary({ name: "sub", onnx: "Sub", compute: (a, b) => a - b, gradient: (g) => [g, neg(g)] });
/** `a * b`, elementwise with NumPy's broadcasting; both float32 or both int32. */
export const mul = binary({ name: "mul", onnx: "Mul", compute: (a, b) => a * b, gradient: (g, a, b) => [mul(g, b), mul(g, a)] });
/** Division; of integers it truncates toward zero. */
export const div = binary({
  name: "div",
  onnx: "Div",
  compute: (a, b, dtype) => (dtype === "int32" ? Math.trunc(a / b) : a / b),
  gradient: (g, _a, b, y) => [div(g, b), neg(mul(div(g, b), y))],
});
/** The larger operand; where both are equal each gets half of the gradient, as in PyTorch. */
export const maximum = binary({
  name: "maximum",
  onnx: "Max",
  compute: (a, b) => Math.max(a, b),
  gradient: (g, a, b) => shareGradient(g, greater(a, b), equal(a, b)),
});
/** The smaller operand; where both are equal each gets half of the gradient, as in PyTorch. */
export const minimum = binary({
  name: "minimum",
  onnx: "Min",
  compute: (a, b) => Math.min(a, b),
  gradient: (g, a, b) => shareGradient(g, less(a, b), equal(a, b)),
});

function shareGradient(g: Tensor, firstWins: Tensor, tie: Tensor): [Tensor, Tensor] {
  const first = where(tie, mul(g, 0.5), where(firstWins, g, 0));
  return [first, sub(g, first)];
}

const truth = (value: boolean): number => (value ? 1 : 0);
/** Whether `a === b`, elementwise with NumPy's broadcasting; operands of one dtype, the result is bool. */
export const equal = binary({
  name: "equal",
  onnx: "Equal",
  compute: (a, b) => truth(a === b),
  result: "bool",
  dtypes: ["float32", "int32", "bool"],
});
/** Whether `a < b`, elementwise with NumPy's broadcasting; both float32 or both int32, the result is bool. */
export const less = binary({ name: "less", onnx: "Less", compute: (a, b) => truth(a < b), result: "bool" });
/** Whether `a <= b`, elementwise with NumPy's broadcasting; both float32 or both int32, the result is bool. */
export const lessEqual = binary({ name: "lessEqual", onnx: "LessOrEqual", compute: (a, b) => truth(a <= b), result: "bool" });
/** Whether `a > b`, elementwise with NumPy's broadcasting; both float32 or both int32, the result is bool. */
export const greater = binary({ name: "greater", onnx: "Greater", compute: (a, b) => truth(a > b), result: "bool" });
/** Whether `a >= b`, elementwise with NumPy's broadcasting; both float32 or both int32, the result is bool. */
export const greaterEqual = binary({ name: "greaterEqual", onnx: "GreaterOrEqual", compute: (a, b) => truth(a >= b), result: "bool" });
/** Whether both hold, elementwise with NumPy's broadcasting; bool. */
export const and = binary({ name: "and", onnx: "And", compute: (a, b) => truth(a !== 0 && b !== 0), dtypes: ["bool"] });
/** Whether one of both holds, elementwise with NumPy's broadcasting; bool. */
export const or = binary({ name: "or", onnx: "Or", compute: (a, b) => truth(a !== 0 || b !== 0), dtypes: ["bool"] });

const whereOp: OpDefinition = {
  name: "where",
  isElementwise: true,
  infer: (inputs) => {
    const [condition, a, b] = inputs as [Tensor, Tensor, Tensor];
    expectDType("where", "condition", condition, "bool");
    expectDType("where", "b", b, a.dtype);
    return { shape: broadcastShapes("where", condition.shape, broadcastShapes("where", a.shape, b.shape)), dtype: a.dtype };
  },
  vjp: (g, node) => {
    const [condition, a, b] = node.inputs as [Tensor, Tensor, Tensor];
    return [undefined, sumTo(where(condition, g, 0), a.shape), sumTo(where(condition, 0, g), b.shape)];
  },
  evaluate: (inputs, node) => {
    const [condition, a, b] = inputs as [HostValue, HostValue, HostValue];
    const [atC, atA, atB] = [condition, a, b].map((value) => broadcastIndex(value.shape, node.shape)) as [
      (i: number) => number,
      (i: number) => number,
      (i: number) => number,
    ];
    return new Float64Array(sizeOf(node.shape)).map((_, i) => (condition.data[atC(i)] !== 0 ? a.data[atA(i)] : b.data[atB(i)]) as number);
  },
  emit: (builder, inputs) => builder.node("Where", inputs),
};

/** `a` where the boolean `condition` holds, else `b`; all three broadcast. */
export function where(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  return applyOp(whereOp, [toTensor(condition, "bool"), ...operands(a, b)]);
}

const castOp: OpDefinition = {
  name: "cast",
  isElementwise: true,
  infer: ([x], { dtype }) => ({ shape: (x as Tensor).shape, dtype }),
  vjp: (g, node) => [node.inputs[0]?.dtype === "float32" && node.dtype === "float32" ? g : undefined],
  evaluate: ([x], node) =>
    (x as HostValue).data.map((value) => (node.dtype === "bool" ? truth(value !== 0) : node.dtype === "int32" ? Math.trunc(value) : value)),
  emit: (builder, [x], node) => builder.cast(x as string, node.dtype),
};

/** Converts elements; floats to integers truncate, numbers to booleans compare with zero. */
export function cast(x: TensorLike, dtype: DType): Tensor {
  const tensor = toTensor(x);
  return tensor.dtype === dtype ? tensor : applyOp(castOp, [tensor], { dtype });
}

/** `min(max(x, low), high)`. */
export function clamp(x: TensorLike, low: number, high: number): Tensor {
  if (!(low <= high)) throw new InvalidArgumentError({ argument: "clamp: high", value: high, expected: `at least low (${low})` });
  return minimum(maximum(x, low), high);
}

/** `x * sigmoid(x)`. */
export function silu(x: TensorLike): Tensor {
  const tensor = toTensor(x);
  return mul(tensor, sigmoid(tensor));
}

/** `x * x`, elementwise; float32 or int32. */
export function square(x: TensorLike): Tensor {
  return mul(x, x);
}

/** Zeros of a shape, as a scalar constant that broadcasts. */
export const zero = (dtype: DType = "float32"): Tensor => constant(0, dtype);
