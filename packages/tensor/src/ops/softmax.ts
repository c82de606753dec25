// Softmax and log-softmax over the last axis, computed stably: softmax(x) = exp(x - max x) / sum exp(x - max x).
import type { OnnxBuilder } from "../onnx/builder.ts";
import { sizeOf } from "../shape.ts";
import { applyOp, type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType, type HostValue, type OpDefinition } from "./definition.ts";
import { exp, mul, sub } from "./elementwise.ts";
import { sum } from "./sum.ts";

const lastAxis = { axes: [-1], keepDims: true };

function perRow({ data, shape }: HostValue, write: (row: Float64Array, logSum: number) => Float64Array): Float64Array {
  const width = shape.at(-1) ?? 1;
  const out = new Float64Array(data.length);
  for (let start = 0; start < sizeOf(shape); start += width) {
    const row = data.subarray(start, start + width);
    const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
    out.set(write(row, top + Math.log(row.reduce((total, x) => total + Math.exp(x - top), 0))), start);
  }
  return out;
}

const softmaxOp: OpDefinition = {
  name: "softmax",
  infer: ([x]) => {
    expectDType("softmax", "x", x as Tensor, "float32");
    return { shape: (x as Tensor).shape, dtype: "float32" };
  },
  vjp: (g, y) => {
    const weighted = mul(g, y);
    return [sub(weighted, mul(y, sum(weighted, lastAxis)))];
  },
  evaluate: ([x]) => perRow(x as HostValue, (row, logSum) => row.map((value) => Math.exp(value - logSum))),
  emit: (builder, [x]) => builder.node("Softmax", [x as string], { axis: -1 }),
};

const logSoftmaxOp: OpDefinition = {
  name: "logSoftmax",
  infer: ([x]) => {
    expectDType("logSoftmax", "x", x as Tensor, "float32");
    return { shape: (x as Tensor).shape, dtype: "float32" };
  },
  vjp: (g, y) => [sub(g, mul(exp(y), sum(g, lastAxis)))],
  evaluate: ([x]) => perRow(x as HostValue, (row, logSum) => row.map((value) => value - logSum)),
  emit: (builder, [x]) => (builder.avoids.has("LogSoftmax") ? emitInParts(builder, x!) : builder.node("LogSoftmax", [x!], { axis: -1 })),
};

/** x - max(x) - log(sum(exp(x - max(x)))) */
function emitInParts(builder: OnnxBuilder, x: string): string {
  const overRow = (op: string, of: string): string => builder.node(op, [of, builder.int64s([-1])], { keepdims: 1 });
  const shifted = builder.node("Sub", [x, overRow("ReduceMax", x)]);
  return builder.node("Sub", [shifted, builder.node("Log", [overRow("ReduceSum", builder.node("Exp", [shifted]))])]);
}

/** Probabilities over the last axis. A row must hold at least one finite number. */
export function softmax(x: TensorLike): Tensor {
  return applyOp(softmaxOp, [toTensor(x)]);
}

/** Log-probabilities over the last axis. */
export function logSoftmax(x: TensorLike): Tensor {
  return applyOp(logSoftmaxOp, [toTensor(x)]);
}
