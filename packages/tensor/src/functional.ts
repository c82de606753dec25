// Compositions that every transformer needs.
import { reciprocal, sqrt, sub, mul, add } from "./ops/elementwise.ts";
import { withGradient } from "./ops/gradient-rules.ts";
import { oneHot, takeAlongAxis } from "./ops/indexing.ts";
import { reshape } from "./ops/movement.ts";
import { mean } from "./ops/reduction.ts";
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
  const scale = reciprocal(sqrt(add(mean(mul(tensor, tensor), { axes: [-1], keepDims: true }), eps)));
  return mul(mul(tensor, scale), weight);
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
  return withGradient(value, [tensor], (g) => [
    mul(sub(oneHot(ids, tensor.shape.at(-1) as number), softmax(tensor)), reshape(g, [...g.shape, 1])),
  ]);
}
