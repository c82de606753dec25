// The training loss of a masked diffusion model adapted from an autoregressive one (DiffuLLaMA, `train.py`; Dream): in
// expectation a bound on -log p(x_0) per token. B rows of L tokens, N predicted ones, p(.)_i read from the logits at i - 1:
//   loss = -(1/N) sum_b (1/t_b) sum_{i masked} log p(x_0^i | x_t)_i
// The autoregressive loss is the same sum with the clean tokens as input, causal attention and weights 1/N.
// Differs from DiffuLLaMA's code, which divides by the number of masked tokens: N is the number of tokens that could have
// been masked, as in LLaDA, so that the weights do not depend on how many were.
import { ShapeError } from "@diffucoder/core";
import { concat, equal, float32, int32, mul, type NdArray, neg, selectLogProbs, slice, sum, type Tensor, where } from "@diffucoder/tensor";
import { expectRows, expectSameShape, rowsOf } from "./forward-process.ts";

/**
 * Aligns raw logits with the tokens that they predict: row `i` of the result is row `i - 1` of the input; the first
 * row stays its own, as in Dream's `generation_utils.py`.
 *
 * @param logits `[B, L, V]`
 * @returns `[B, L, V]`
 */
export function shiftLogits(logits: Tensor): Tensor {
  if (logits.shape.length !== 3) throw new ShapeError({ argument: "logits", shape: logits.shape, expected: "[B, L, V]" });
  return concat([slice(logits, { axis: 1, end: 1 }), slice(logits, { axis: 1, end: -1 })], 1);
}

/**
 * `-sum(weights * log p(targets))`, traced: the logits at `i` are scored on target `i + 1`. The diffusion loss with
 * `diffusionWeights`, the autoregressive one with `nextTokenWeights`.
 *
 * The first token of a row has no predecessor: its weight is not read.
 *
 * @param logits raw, `[B, L, V]`
 * @returns `[]`, in nats per token if the weights are normalized so
 * @throws {ShapeError} if the three do not fit
 */
export function diffusionLoss(
  logits: Tensor,
  {
    targets,
    weights,
  }: {
    /** Clean token ids, int32 `[B, L]`. */
    targets: Tensor;
    /** float32 `[B, L]`; 0 where a token does not count. */
    weights: Tensor;
  },
): Tensor {
  if (logits.shape.length !== 3) throw new ShapeError({ argument: "logits", shape: logits.shape, expected: "[B, L, V]" });
  const [batch, length] = logits.shape as [number, number, number];
  for (const [argument, { shape }] of Object.entries({ targets, weights })) {
    if (shape.join() !== `${batch},${length}`) throw new ShapeError({ argument, shape, expected: `[${batch}, ${length}], as logits` });
  }
  // Targets and weights move instead of the logits, which are V times larger. The last logits predict nothing.
  const next = (x: Tensor): Tensor => concat([slice(x, { axis: 1, start: 1 }), slice(x, { axis: 1, end: 1 })], 1);
  const ahead = slice(weights, { axis: 1, start: 1 });
  const lastColumn = mul(slice(weights, { axis: 1, end: 1 }), 0);
  return weightedLoss(concat([ahead, lastColumn], 1), selectLogProbs(logits, next(targets)));
}

/** The tokens of a batch that count, for a network that computes only their logits. */
export interface ScoredTokens {
  /** Positions of the logits that predict them: int32 `[M]`, indices into the `B * L` tokens. */
  logitPositions: NdArray;
  /** int32 `[M]`. */
  targets: NdArray;
  /** `[M]`; 0 after the last token that counts. */
  weights: NdArray;
}

/**
 * Picks the tokens of nonzero weight. About half of the tokens are masked in a diffusion step, and the logits of the others would be wasted.
 *
 * `M` is the smallest number of eighths of the batch that holds them, so that a run needs few plans.
 */
export function scoredTokens({
  targets,
  weights,
  shift = true,
}: {
  /** Clean token ids, int32 `[B, L]`. */
  targets: NdArray;
  /** `[B, L]`; with a shift, the first column is not read: a row's first token has no predecessor to be predicted from. */
  weights: NdArray;
  /** Whether row i of the logits predicts token i + 1, as in Dream, or token i, as in LLaDA. @default true */
  shift?: boolean | undefined;
}): ScoredTokens {
  const [, length] = rowsOf("targets", targets);
  expectSameShape("weights", weights, targets);
  const counted: number[] = [];
  for (let i = 0; i < weights.data.length; i++) if (weights.data[i] !== 0 && (!shift || i % length !== 0)) counted.push(i);
  const unit = Math.ceil(targets.size / 8);
  const size = Math.max(1, Math.ceil(counted.length / unit)) * unit;
  const picked = { logitPositions: new Int32Array(size), targets: new Int32Array(size), weights: new Float32Array(size) };
  counted.forEach((token, i) => {
    picked.logitPositions[i] = shift ? token - 1 : token;
    picked.targets[i] = targets.data[token]!;
    picked.weights[i] = weights.data[token]!;
  });
  return { logitPositions: int32(picked.logitPositions), targets: int32(picked.targets), weights: float32(picked.weights) };
}

/**
 * `diffusionLoss` of picked tokens, traced.
 *
 * @param logits raw, at the `logitPositions` of `scoredTokens`, `[M, V]`
 * @returns `[]`
 * @throws {ShapeError} if the three do not fit
 */
export function scoredLoss(
  logits: Tensor,
  {
    targets,
    weights,
  }: {
    /** int32 `[M]`, as `scoredTokens` gives them. */
    targets: Tensor;
    /** float32 `[M]`, as `scoredTokens` gives them. */
    weights: Tensor;
  },
): Tensor {
  if (logits.shape.length !== 2) throw new ShapeError({ argument: "logits", shape: logits.shape, expected: "[M, V]" });
  for (const [argument, { shape }] of Object.entries({ targets, weights })) {
    if (shape.join() !== `${logits.shape[0]}`) throw new ShapeError({ argument, shape, expected: `[${logits.shape[0]}], as logits` });
  }
  return weightedLoss(weights, selectLogProbs(logits, targets));
}

/** A token of weight 0 counts as 0, even if its log-probability is minus infinity, and no gradient flows from it. */
function weightedLoss(weights: Tensor, logProbs: Tensor): Tensor {
  return neg(sum(mul(weights, where(equal(weights, 0), 0, logProbs))));
}

/**
 * Weights of the diffusion loss: `1 / (t N)` for masked tokens, else 0. `N` counts the eligible tokens, that is all
 * that could have been masked.
 *
 * @returns float32 `[B, L]`
 */
export function diffusionWeights({
  mask,
  timesteps,
  eligible,
}: {
  /** `[B, L]`, from `maskTokens`: 1 where a token is masked. */
  mask: NdArray;
  /** `[B]`, those that the mask was drawn with. */
  timesteps: readonly number[];
  /** `[B, L]`, as given to `maskTokens`. @default everywhere but the first column */
  eligible?: NdArray;
}): NdArray {
  const [batch, length] = rowsOf("mask", mask);
  expectRows("timesteps", timesteps, batch);
  if (eligible !== undefined) expectSameShape("eligible", eligible, mask);
  const count = eligible === undefined ? batch * (length - 1) : countPredicted(eligible, length);
  const weights = Array.from(mask.data, (masked, i) => (masked === 0 || i % length === 0 ? 0 : 1 / (timesteps[Math.floor(i / length)]! * count)));
  return float32(weights, mask.shape);
}

/**
 * Weights of the autoregressive loss: `1 / N` for each of the `N` tokens that count and have a predecessor, else 0.
 *
 * @param counted `[B, L]`, 1 for the tokens to learn, e.g. those of the completion
 * @returns float32 `[B, L]`
 */
export function nextTokenWeights(counted: NdArray): NdArray {
  const [, length] = rowsOf("counted", counted);
  const count = countPredicted(counted, length);
  return float32(
    Array.from(counted.data, (counts, i) => (counts === 0 || i % length === 0 ? 0 : 1 / count)),
    counted.shape,
  );
}

/** Tokens marked 1 outside the first column. */
function countPredicted(marked: NdArray, length: number): number {
  let count = 0;
  for (let i = 0; i < marked.data.length; i++) if (marked.data[i] !== 0 && i % length !== 0) count++;
  return count;
}
