// Root-mean-square norm (Zhang & Sennrich 2019) over the last axis, with its gradient written out:
//   r = 1 / sqrt(mean(x^2) + eps),   n = x r,   y = w n
//   dx = r (g w - n mean(g w n)),   dw = sum(g n) over rows
import { ShapeError } from "@diffucoder/core";
import { sizeOf } from "../shape.ts";
import { type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType } from "./definition.ts";
import { add, mul, reciprocal, sqrt, sub } from "./elementwise.ts";
import { applyFused, type FusedOp } from "./fused.ts";
import type { KernelCall, KernelTarget } from "./kernel-call.ts";
import { mean } from "./reduction.ts";
import { sumTo } from "./sum.ts";

const lastAxis = { axes: [-1], keepDims: true };

interface RmsNormAttributes {
  eps: number;
}

/** Inputs: x, w. Results: y; and r, `[..., 1]`. */
const rmsNormOp: FusedOp = {
  name: "rmsNorm",
  decompose: ([x, w], { eps }: RmsNormAttributes) => {
    const r = reciprocal(sqrt(add(mean(mul(x!, x!), lastAxis), eps)));
    return [mul(mul(x!, r), w!), r];
  },
  vjp: ([g], { inputs: [x, w], results: [, r] }, { eps }: RmsNormAttributes) =>
    g === undefined ? [] : applyFused(rmsNormBackwardOp, [x!, w!, r!, g], { eps }),
  kernel: (target, [x], attributes) => kernelCall("RmsNorm", target, x!, attributes),
};

/** Inputs: x, w, r, the gradient of y. Results: the gradients of x and w. */
const rmsNormBackwardOp: FusedOp = {
  name: "rmsNormBackward",
  decompose: ([x, w, r, g]) => {
    const normal = mul(x!, r!);
    const weighted = mul(g!, w!);
    const along = mean(mul(weighted, normal), lastAxis);
    return [mul(sub(weighted, mul(normal, along)), r!), sumTo(mul(g!, normal), w!.shape)];
  },
  kernel: (target, [x], attributes) => kernelCall("RmsNormBackward", target, x!, attributes),
};

function kernelCall(name: string, target: KernelTarget, x: Tensor, { eps }: RmsNormAttributes): KernelCall | undefined {
  if (!target.reaches("avx2") || sizeOf(x.shape) === 0) return undefined;
  return { name, attributes: { shape: x.shape, eps: { float: eps } } };
}

/**
 * Root-mean-square norm over the last axis: `weight * x / sqrt(mean(x^2) + eps)`.
 *
 * @param x `[..., D]`
 * @param weight `[D]`
 * @throws {ShapeError} if the weight does not fit
 */
export function rmsNorm(
  x: TensorLike,
  weight: TensorLike,
  {
    eps = 1e-6,
  }: {
    /** Added to the mean square, so that the root is not 0. @default 1e-6 */
    eps?: number;
  } = {},
): Tensor {
  const [tensor, gain] = [toTensor(x), toTensor(weight)];
  expectDType("rmsNorm", "x", tensor, "float32");
  expectDType("rmsNorm", "weight", gain, "float32");
  const width = tensor.shape.at(-1);
  if (gain.shape.length !== 1 || gain.shape[0] !== width)
    throw new ShapeError({ argument: "rmsNorm: weight", shape: gain.shape, expected: `[${width}], the last axis of x` });
  return applyFused(rmsNormOp, [tensor, gain], { eps })[0]!;
}
