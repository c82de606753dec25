// What Dream's `sample_tokens` does to the logits of M masked positions, V words, as part of the graph:
//   p = softmax(filter(logits / T)),   x0 ~ p  (argmax at T = 0),
//   confidence = p[x0] (maskgit_plus),  p(1) - p(2) of the sorted p (topk_margin),  sum p log(p + 1e-10) (entropy),
// and LLaDA's low_confidence, softmax(logits)[x0] without T and filter.
// Differs: 1. tokens are drawn by inverting the cumulative distribution at one given uniform number per position, so that
// randomness is an argument; 2. the filters work on sorted probabilities once, cut them off where torch sets logits to
// the least number and takes a second softmax, and the draw is made in that order.
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

const ABOVE_TOTAL = 2;
/** Below 1 by more than float32's rounding, so that its product with a number is below the number. */
const LARGEST_UNIFORM = 1 - 2 ** -22;

/** How `sampleTokens` draws, traced. M positions. */
export interface SampleTokensOptions {
  /** Scalar above 0; `undefined` is temperature 0, the most likely token. */
  temperature?: Tensor | undefined;
  /** Scalar in (0, 1): the smallest set of tokens that reaches this probability, the one that crosses it included. */
  topP?: Tensor | undefined;
  /** Keep the k largest logits, and those equal to the k-th. */
  topK?: number | undefined;
  /** `[M]` in [0, 1); not read at temperature 0. */
  uniforms?: Tensor | undefined;
  /** What the confidence of a token is. */
  confidence: ConfidenceName;
}

/** Drawn tokens, traced. M positions. */
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

/**
 * Dream's `sample_tokens`, traced: draws a token for each of M positions and says how sure it is.
 *
 * @param logits `[M, V]`, shifted: row i predicts the token at position i
 */
export function sampleTokens(logits: Tensor, { temperature, topP, topK, uniforms, confidence }: SampleTokensOptions): SampledTokens {
  const distribution = tokenDistribution(logits, { temperature, topP, topK });
  const { probabilities, order } = distribution;
  const rank = temperature === undefined || uniforms === undefined ? argMax(probabilities) : drawRank(distribution, uniforms);
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

/** What M tokens are drawn from, traced. */
export interface TokenDistribution {
  /** `[M, V]`, in the order of the vocabulary if `order` is undefined, else sorted by it from the largest. */
  probabilities: Tensor;
  /** int32 `[M, V]`, the token at each place; `undefined` without a filter. */
  order: Tensor | undefined;
  /** `[M, V]`, sums of what a draw may take, up to and including each place, and above `total` where it may not. */
  cumulative: Tensor;
  /** `[M, 1]`, about 1 without a filter. */
  total: Tensor;
}

/** Probabilities after temperature, top-p and top-k, in this order. */
export function tokenDistribution(
  logits: Tensor,
  { temperature, topP, topK }: Pick<SampleTokensOptions, "temperature" | "topP" | "topK">,
): TokenDistribution {
  // From the largest down, so that no quotient overflows.
  const scaled = temperature === undefined ? logits : div(sub(logits, max(logits, keepLast)), temperature);
  if (topP === undefined && topK === undefined) {
    const probabilities = softmax(scaled);
    const cumulative = cumSum(probabilities);
    return { probabilities, order: undefined, cumulative, total: max(cumulative, keepLast) };
  }
  const order = sortIndices(scaled);
  const sorted = takeAlongAxis(scaled, order);
  const unfiltered = softmax(sorted);
  const before = cumSum(unfiltered, { exclusive: true });
  // What is kept is the beginning of each row, so that the sums over it are those over everything.
  const isKept: Tensor[] = [];
  if (topP !== undefined) isKept.push(lessEqual(before, topP));
  if (topK !== undefined) {
    const k = Math.min(topK, logits.shape.at(-1) as number);
    isKept.push(greaterEqual(sorted, slice(sorted, { axis: -1, start: k - 1, end: k })));
  }
  const keptElse = (x: Tensor, other: number): Tensor => isKept.reduce((y, condition) => where(condition, y, other), x);
  const cumulative = add(before, unfiltered);
  const total = max(keptElse(cumulative, 0), keepLast);
  return { probabilities: div(keptElse(unfiltered, 0), total), order, cumulative: keptElse(cumulative, ABOVE_TOTAL), total };
}

/** Index of the interval of the cumulative distribution in which each uniform number falls. */
function drawRank({ cumulative, total }: TokenDistribution, uniforms: Tensor): Tensor {
  // Rounding leaves the total a little off 1: the number is scaled to it, and stays below it, so that it falls on a token.
  const point = mul(minimum(reshape(uniforms, [...uniforms.shape, 1]), LARGEST_UNIFORM), total);
  return cast(sum(cast(lessEqual(cumulative, point), "float32"), lastAxis), "int32");
}
