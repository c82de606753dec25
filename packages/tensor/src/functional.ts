// Compositions that every transformer needs.
import { add, mul, reciprocal, sigmoid, sqrt, sub } from "./ops/elementwise.ts";
import { withGradient } from "./ops/gradient-rules.ts";
import { oneHot, takeAlongAxis } from "./ops/indexing.ts";
import { reshape } from "./ops/movement.ts";
import { mean } from "./ops/reduction.ts";
import { sumTo } from "./ops/sum.ts";
import { logSoftmax, softmax } from "./ops/softmax.ts";
import { type Tensor, type TensorLike, toTensor } from "./tensor.ts";

/**
 * Root-mean-square norm over the last axis: `weight * x / sqrt(mean(x^2) + eps)`.
 *
 * @param x `[..., D]`
 * @param weight `[D]`
 */
export function rmsNorm(x: TensorLike, weight: TensorLike, { eps = 1e-6 }: { eps?: number } = {}): Tensor {
  const tensor = toTensor(x);
  const gain = toTensor(weight);
  const lastAxis = { axes: [-1], keepDims: true };
  const scale = reciprocal(sqrt(add(mean(mul(tensor, tensor), lastAxis), eps)));
  const normal = mul(tensor, scale);
  // With n = x / rms(x):  dx = (g w - n mean(g w n)) / rms(x),  dw = sum(g n) over rows.
  return withGradient(mul(normal, gain), [tensor, gain], (g) => {
    const weighted = mul(g, gain);
    const along = mean(mul(weighted, normal), lastAxis);
    return [mul(sub(weighted, mul(normal, along)), scale), sumTo(mul(g, normal), gain.shape)];
  });
}

/**
 * The gate of a SwiGLU layer, `silu(gate) * up`.
 *
 * The gradient reuses `s = sigmoid(gate)` and `y = silu(gate)`: `silu'(gate) = s + y (1 - s) = y + s (1 - y)`.
 */
export function swiglu(gate: TensorLike, up: TensorLike): Tensor {
  const [a, b] = [toTensor(gate), toTensor(up)];
  const s = sigmoid(a);
  const y = mul(a, s);
  return withGradient(mul(y, b), [a, b], (g) => [mul(mul(g, b), add(y, mul(s, sub(1, y)))), mul(g, y)]);
}

/**
 * Log-probability of one target per row, `logSoftmax(logits)[target]`.
 *
 * The gradient is written out, `g * (onehot(target) - softmax(logits))`, which needs one pass less over `[N, V]`
 * than differentiating the gather.
 *
 * @param logits `[..., V]`
 * @param targets int32 `[...]`
 * @returns `[...]`
 */
export function selectLogProbs(logits: TensorLike, targets: TensorLike): Tensor {
  const tensor = toTensor(logits);
  const ids = toTensor(targets, "int32");
  const value = reshape(takeAlongAxis(logSoftmax(tensor), reshape(ids, [...ids.shape, 1])), ids.shape);
  return withGradient(value, [tensor], (g) => [mul(sub(oneHot(ids, tensor.shape.at(-1) as number), softmax(tensor)), reshape(g, [...g.shape, 1]))]);
}
