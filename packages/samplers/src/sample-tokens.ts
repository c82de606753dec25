// What Dream's `sample_tokens` does to the logits of M masked positions, V words, as part of the graph:
//   p = softmax(filter(logits / T)),   x0 ~ p  (argmax at T = 0),
//   confidence = p[x0] (maskgit_plus),  p(1) - p(2) of the sorted p (topk_margin),  sum p log(p + 1e-10) (entropy),
// and LLaDA's low_confidence, softmax(logits)[x0] without T and filter.
// Differs: 1. tokens are drawn by inverting the cumulative distribution at one given uniform number per position, so that
// randomness is an argument; 2. the filters work on sorted logits once, and the draw is made in that order.
import {
  add,
  argMax,
  cast,
  cumSum,
  div,
  equal,
  iota,
  lessEqual,
  log,
  max,
  mul,
  reshape,
  slice,
  softmax,
  sortIndices,
  sub,
  sum,
  takeAlongAxis,
  type Tensor,
  where,
  greaterEqual,
  minimum,
} from "@diffucoder/tensor";
import type { ConfidenceName } from "./options.ts";

/** Stands for minus infinity: finite, as `torch.finfo.min` in Dream, so that a softmax never sees only infinities. */
const NEVER = -3.0e38;

export interface SampleTokensOptions {
  /** Scalar above 0; `undefined` is temperature 0, the most likely token. */
  temperature?: Tensor | undefined;
  /** Scalar in (0, 1): the smallest set of tokens that reaches this probability, the one that crosses it included. */
  topP?: Tensor | undefined;
  /** Keep the k largest logits, and those equal to the k-th. */
  topK?: number | undefined;
  /** `[M]` in [0, 1); not read at temperature 0. */
  uniforms?: Tensor | undefined;
  confidence: ConfidenceName;
}

export interface SampledTokens {
  /** int32 `[M]` */
  tokens: Tensor;
  /** `[M]`, larger is surer. */
  confidence: Tensor;
  /** `[M]`, entropy of the distribution drawn from, nats. */
  entropy: Tensor;
}

const lastAxis = { axes: [-1] };
const keepLast = { axes: [-1], keepDims: true };

/** @param logits `[M, V]`, shifted: row i predicts the token at position i */
export function sampleTokens(logits: Tensor, { temperature, topP, topK, uniforms, confidence }: SampleTokensOptions): SampledTokens {
  const { probabilities, order } = tokenDistribution(logits, { temperature, topP, topK });
  const rank = temperature === undefined || uniforms === undefined ? argMax(probabilities) : drawRank(probabilities, uniforms);
  const column = reshape(rank, [...rank.shape, 1]);
  const pick = (x: Tensor): Tensor => reshape(takeAlongAxis(x, column), rank.shape);
  const negativeEntropy = sum(mul(probabilities, log(add(probabilities, 1e-10))), lastAxis);
  const tokens = order === undefined ? rank : pick(order);
  const confidences: Record<ConfidenceName, () => Tensor> = {
    maskgit_plus: () => pick(probabilities),
    topk_margin: () => margin(probabilities),
    entropy: () => negativeEntropy,
    low_confidence: () => reshape(takeAlongAxis(softmax(logits), reshape(tokens, [...rank.shape, 1])), rank.shape),
  };
  return { tokens, confidence: confidences[confidence](), entropy: mul(negativeEntropy, -1) };
}

/** The largest probability minus the second. */
function margin(probabilities: Tensor): Tensor {
  const best = argMax(probabilities);
  const isBest = equal(iota(probabilities.shape.at(-1) as number), reshape(best, [...best.shape, 1]));
  return sub(max(probabilities, lastAxis), max(where(isBest, -1, probabilities), lastAxis));
}

/**
 * Probabilities after temperature, top-p and top-k, in this order.
 *
 * @returns `[M, V]`, in the order of the vocabulary if `order` is undefined, else sorted by it from the largest
 */
export function tokenDistribution(
  logits: Tensor,
  { temperature, topP, topK }: Pick<SampleTokensOptions, "temperature" | "topP" | "topK">,
): { probabilities: Tensor; order: Tensor | undefined } {
  const scaled = temperature === undefined ? logits : div(logits, temperature);
  if (topP === undefined && topK === undefined) return { probabilities: softmax(scaled), order: undefined };
  const order = sortIndices(scaled);
  let sorted = takeAlongAxis(scaled, order);
  if (topP !== undefined) sorted = where(lessEqual(cumSum(softmax(sorted), { exclusive: true }), topP), sorted, NEVER);
  if (topK !== undefined) {
    const width = logits.shape.at(-1) as number;
    const k = Math.min(topK, width);
    sorted = where(greaterEqual(sorted, slice(sorted, { axis: -1, start: k - 1, end: k })), sorted, NEVER);
  }
  return { probabilities: softmax(sorted), order };
}

/** Index of the interval of the cumulative distribution in which each uniform number falls. */
function drawRank(probabilities: Tensor, uniforms: Tensor): Tensor {
  const cumulative = cumSum(probabilities);
  // Rounding leaves the total a little off 1: the number is scaled to it, so that it falls on a token of the distribution.
  const point = mul(reshape(uniforms, [...uniforms.shape, 1]), max(cumulative, keepLast));
  const rank = cast(sum(cast(lessEqual(cumulative, point), "float32"), lastAxis), "int32");
  return minimum(rank, (probabilities.shape.at(-1) as number) - 1);
}
