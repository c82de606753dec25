// The gate of a SwiGLU layer (Shazeer 2020), with its gradient written out:
//   s = sigmoid(a),   y = a s = silu(a),   out = y b
//   da = g b (y + s (1 - y)),   db = g y,   since silu'(a) = s + y (1 - s) = y + s (1 - y)
import { ShapeError } from "@diffucoder/core";
import { sameShape, sizeOf } from "../shape.ts";
import { type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType } from "./definition.ts";
import { add, mul, sigmoid, sub } from "./elementwise.ts";
import { applyFused, type FusedOp } from "./fused.ts";
import type { KernelCall, KernelTarget } from "./kernel-call.ts";

/** Inputs: a, b. */
const swigluOp: FusedOp = {
  name: "swiglu",
  decompose: ([a, b]) => [mul(mul(a!, sigmoid(a!)), b!)],
  vjp: ([g], { inputs }) => applyFused(swigluBackwardOp, [...inputs, g!]),
  kernel: (target, [a]) => kernelCall("Swiglu", target, a!),
};

/** Inputs: a, b, g. Results: the gradients of a and b. */
const swigluBackwardOp: FusedOp = {
  name: "swigluBackward",
  decompose: ([a, b, g]) => {
    const s = sigmoid(a!);
    const y = mul(a!, s);
    return [mul(mul(g!, b!), add(y, mul(s, sub(1, y)))), mul(g!, y)];
  },
  kernel: (target, [a]) => kernelCall("SwigluBackward", target, a!),
};

function kernelCall(name: string, target: KernelTarget, { shape }: Tensor): KernelCall | undefined {
  return target.reaches("avx2") && sizeOf(shape) > 0 ? { name, attributes: { shape } } : undefined;
}

/**
 * The gate of a SwiGLU layer, `silu(gate) * up`, elementwise.
 *
 * @param up of the shape of `gate`
 * @throws {ShapeError} if the two differ in shape
 */
export function swiglu(gate: TensorLike, up: TensorLike): Tensor {
  const [a, b] = [toTensor(gate), toTensor(up)];
  expectDType("swiglu", "gate", a, "float32");
  expectDType("swiglu", "up", b, "float32");
  if (!sameShape(a.shape, b.shape)) throw new ShapeError({ argument: "swiglu: up", shape: b.shape, expected: `[${a.shape.join(", ")}], as gate` });
  return applyFused(swigluOp, [a, b])[0]!;
}
