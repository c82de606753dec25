// Compositions that every transformer needs.
import { abs, add, exp, less, maximum, mul, neg, reciprocal, sigmoid, sqrt, square, sub, tanh, where } from "./ops/elementwise.ts";
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

/** `max(x, 0)`, elementwise. */
export function relu(x: TensorLike): Tensor {
  return maximum(x, 0);
}

/**
 * Gaussian error linear unit, `x P(X <= x)` for a standard normal X, elementwise.
 */
export function gelu(
  x: TensorLike,
  {
    approximate = "none",
  }: {
    /**
     * `"none"` is `x (1 + erf(x / sqrt(2))) / 2`, with erf to 1.5e-7 (Abramowitz & Stegun 7.1.26); `"tanh"` is
     * `x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2`, as GPT-2 has it. PyTorch's names. @default "none"
     */
    approximate?: "none" | "tanh";
  } = {},
): Tensor {
  const tensor = toTensor(x);
  const inner = (): Tensor => mul(Math.sqrt(2 / Math.PI), add(tensor, mul(0.044715, mul(tensor, square(tensor)))));
  const cdf = approximate === "tanh" ? tanh(inner()) : erf(mul(tensor, Math.SQRT1_2));
  return mul(mul(tensor, 0.5), add(cdf, 1));
}

/** erf(x) = sign(x) (1 - (a1 t + ... + a5 t^5) exp(-x^2)),  t = 1 / (1 + p |x|). */
function erf(x: Tensor): Tensor {
  const t = reciprocal(add(1, mul(0.3275911, abs(x))));
  const coefficients = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const polynomial = coefficients.reduce((sum: Tensor, a) => mul(add(sum, a), t), mul(t, 0));
  const positive = sub(1, mul(polynomial, exp(neg(square(x)))));
  return where(less(x, 0), neg(positive), positive);
}

/**
 * Layer norm over the last axis: `weight * (x - mean(x)) / sqrt(var(x) + eps) + bias`, with the variance over D.
 *
 * @param x `[..., D]`
 * @param weight `[D]`
 * @param bias `[D]`
 */
export function layerNorm(
  x: TensorLike,
  weight: TensorLike,
  bias: TensorLike,
  {
    eps = 1e-5,
  }: {
    /** Added to the variance, so that the root is not 0. @default 1e-5 */
    eps?: number;
  } = {},
): Tensor {
  const lastAxis = { axes: [-1], keepDims: true };
  const centred = sub(x, mean(x, lastAxis));
  const normal = mul(centred, reciprocal(sqrt(add(mean(square(centred), lastAxis), eps))));
  return add(mul(normal, weight), bias);
}

/**
 * Mean cross-entropy of logits and the right classes, `-mean(logSoftmax(logits)[target])`.
 *
 * @param logits `[..., V]`
 * @param targets int32 `[...]`, each from 0 to V - 1
 * @returns a scalar, `[]`
 */
export function crossEntropy(logits: TensorLike, targets: TensorLike): Tensor {
  return neg(mean(selectLogProbs(logits, targets)));
}
