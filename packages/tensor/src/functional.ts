// Compositions that every transformer needs.
import { abs, add, exp, less, maximum, mul, neg, reciprocal, sqrt, square, sub, tanh, where } from "./ops/elementwise.ts";
import { mean } from "./ops/reduction.ts";
import { selectLogProbs } from "./ops/target-log-probs.ts";
import { type Tensor, type TensorLike, toTensor } from "./tensor.ts";

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
