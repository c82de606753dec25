// What Dream's `sample_tokens` does to the logits of M masked positions, V words, as part of the graph:
//   p = softmax(filter(logits / T)),   x0 ~ p  (argmax at T = 0),
//   confidence = p[x0] (maskgit_plus),  p(1) - p(2) of the sorted p (topk_margin),  sum p log(p + 1e-10) (entropy),
// and LLaDA's low_confidence, softmax(logits)[x0] without T and filter.
// Differs: 1. each position has settings of its own, and gets all confidences: rows that are decoded differently share a pass;
// 2. tokens are drawn by inverting the cumulative distribution at one given uniform number per position, so that
// randomness is an argument; 3. the filters work on sorted probabilities once, cut them off where torch sets logits to
// the least number and takes a second softmax, and the draw is made in that order; 4. the entropy is that of p itself, from
// log p = s - log sum exp(s) with s = logits / T - max: H = -log p(1) - sum p s; 5. where there are kernels one of them does it all, without
// a sort (kernels/c/sample-tokens): the same token, unless the number falls within rounding of where another begins.
import {
  add,
  and,
  applyFused,
  bool,
  cast,
  constant,
  cumSum,
  div,
  float32,
  type FusedOp,
  greater,
  greaterEqual,
  int32,
  less,
  lessEqual,
  log,
  max,
  maximum,
  minimum,
  mul,
  reshape,
  slice,
  softmax,
  sortIndices,
  split,
  squeeze,
  stack,
  sub,
  sum,
  takeAlongAxis,
  type Tensor,
  where,
} from "@diffucoder/tensor";
import { NEVER } from "./limits.ts";
import type { ConfidenceName } from "./options.ts";

const ABOVE_TOTAL = 2;
/** Below 1 by more than float32's rounding, so that its product with a number is below the number. */
const LARGEST_UNIFORM = 1 - 2 ** -22;

/** Which tokens may be drawn, traced. M positions. */
export type TokenFilter = {
  /** `[M]` in (0, 1]: the smallest set of tokens that reaches this probability, the one that crosses it included. 1: all. */
  topP: Tensor;
  /** int32 `[M]` from 1 to V: the k largest logits, and those equal to the k-th. V: all. */
  topK: Tensor;
  /** bool `[M]`, where nothing is filtered: these positions get what they get beside others without a filter. @default nowhere */
  isWhole?: Tensor;
};

/** How `tokenDistribution` draws, traced. M positions. */
export interface TokenDistributionOptions {
  /** `[M]`; 0 is the distribution of temperature 1, from which the most likely token is taken. @default 0 everywhere */
  temperature?: Tensor | undefined;
  /** Which tokens may be drawn. @default all tokens everywhere, without a sort */
  filter?: TokenFilter | undefined;
}

/** How `sampleTokens` draws, traced. M positions. */
export interface SampleTokensOptions extends TokenDistributionOptions {
  /** `[M]` in [0, 1); not read where the temperature is 0. @default it is 0 everywhere, and nothing is drawn */
  uniforms?: Tensor | undefined;
  /** `[M, V]`, logits whose softmax says how sure a token is by `low_confidence`. @default those that are drawn from */
  sureLogits?: Tensor | undefined;
}

/** Drawn tokens, traced. M positions. */
export interface SampledTokens {
  /** int32 `[M]` */
  tokens: Tensor;
  /** Of each kind but `entropy`, which is the negative of the entropy, `[M]`; larger is surer. */
  confidence: Record<Exclude<ConfidenceName, "entropy">, Tensor>;
  /** `[M]`, entropy of the distribution drawn from, nats. */
  entropy: Tensor;
}

const lastAxis = { axes: [-1] };
const keepLast = { axes: [-1], keepDims: true };
const asColumn = (x: Tensor): Tensor => reshape(x, [...x.shape, 1]);
const columnOf = (x: Tensor, column: number): Tensor => reshape(slice(x, { axis: -1, start: column, end: column + 1 }), x.shape.slice(0, -1));
const pick = (x: Tensor, at: Tensor): Tensor => reshape(takeAlongAxis(x, asColumn(at)), at.shape);

/**
 * Dream's `sample_tokens`, traced: draws a token for each of M positions and says how sure it is.
 *
 * @param logits `[M, V]`, shifted: row i predicts the token at position i
 */
export function sampleTokens(logits: Tensor, { temperature, filter, uniforms, sureLogits = logits }: SampleTokensOptions): SampledTokens {
  const [count, words] = logits.shape as [number, number];
  const each = (value: number): Tensor => constant(float32(new Float32Array(count).fill(value)));
  const inputs = [
    logits,
    temperature ?? each(0),
    uniforms ?? each(0),
    filter?.topP ?? each(1),
    filter?.topK ?? constant(int32(new Int32Array(count).fill(words))),
    filter?.isWhole ?? constant(bool(new Uint8Array(count).fill(filter === undefined ? 1 : 0))),
  ];
  const given: Given = {
    temperature: temperature !== undefined,
    uniforms: uniforms !== undefined,
    filter: filter !== undefined,
    isWhole: filter?.isWhole !== undefined,
  };
  const [scores] = applyFused(sampleTokensOp, inputs, { given });
  const [first, probability, margin, low, entropy] = split(scores!, [1, 1, 1, 1, 1], 0).map((row) => squeeze(row, 0));
  const tokens = cast(first!, "int32");
  const lowConfidence = sureLogits === logits ? low! : pick(softmax(sureLogits), tokens);
  return { tokens, confidence: { maskgit_plus: probability!, topk_margin: margin!, low_confidence: lowConfidence }, entropy: entropy! };
}

/** Which inputs are a caller's; the others have values that change nothing. */
type Given = Record<"temperature" | "uniforms" | "filter" | "isWhole", boolean>;

/** Ids of tokens are told as floats, which are whole up to here. */
const MOST_WORDS = 2 ** 24;

/** Logits `[M, V]`, temperature, uniforms, top-p, top-k and isWhole `[M]` -> `[5, M]`: token, probability, margin, low confidence, entropy. */
const sampleTokensOp: FusedOp = {
  name: "sampleTokens",
  decompose: ([logits, temperature, uniforms, topP, topK, isWhole], { given }: { given: Given }) => {
    const filter = given.filter ? { topP: topP!, topK: topK!, ...(given.isWhole && { isWhole: isWhole! }) } : undefined;
    const scaled = scaledLogits(logits!, given.temperature ? temperature : undefined);
    // Rounding leaves totals a little off 1: a number is scaled to them, and stays below them, so that it falls on a token.
    const how =
      given.temperature && given.uniforms ? { isDrawn: greater(temperature!, 0), uniforms: minimum(uniforms!, LARGEST_UNIFORM) } : undefined;
    const { token, probability, margin, entropy } = filter === undefined ? drawOfAll(scaled, how) : drawFiltered(scaled, filter, how);
    return [stack([cast(token, "float32"), probability, margin, pick(softmax(logits!), token), entropy])];
  },
  kernel: (target, [logits], { given }: { given: Given }) => {
    const [m, n] = logits!.shape as [number, number];
    if (!target.reaches("avx2") || m === 0 || n > MOST_WORDS) return undefined;
    return { name: "SampleTokens", attributes: { m, n, draws: given.temperature && given.uniforms ? 1 : 0 } };
  },
};

function drawFiltered(scaled: Tensor, filter: TokenFilter, how: How): Draw {
  const some = drawOfSome(keptTokens(scaled, filter), how);
  const { isWhole } = filter;
  if (isWhole === undefined) return some;
  const all = drawOfAll(scaled, how);
  const either = (key: keyof Draw): Tensor => where(isWhole, all[key], some[key]);
  return { token: either("token"), probability: either("probability"), margin: either("margin"), entropy: either("entropy") };
}

/** What M tokens are drawn from, traced. */
export interface TokenDistribution {
  /** `[M, V]`, in the order of the vocabulary if `order` is undefined, else sorted by it from the largest. */
  probabilities: Tensor;
  /** int32 `[M, V]`, the token at each place; `undefined` without a filter. */
  order: Tensor | undefined;
}

/** Probabilities after temperature, top-p and top-k, in this order. */
export function tokenDistribution(logits: Tensor, { temperature, filter }: TokenDistributionOptions): TokenDistribution {
  const scaled = scaledLogits(logits, temperature);
  if (filter === undefined) return { probabilities: softmax(scaled), order: undefined };
  const { order, unfiltered, isKept, total } = keptTokens(scaled, filter);
  return { probabilities: div(where(isKept, unfiltered, 0), total), order };
}

/** Counted from the largest down, so that no quotient overflows; a network may rule tokens out with minus infinity. */
function scaledLogits(logits: Tensor, temperature: Tensor | undefined): Tensor {
  const fromLargest = sub(logits, max(logits, keepLast));
  return maximum(temperature ? div(fromLargest, asColumn(where(greater(temperature, 0), temperature, 1))) : fromLargest, NEVER);
}

/** Absent where nothing is drawn. */
type How = { isDrawn: Tensor; uniforms: Tensor } | undefined;

/** All `[M]`. */
interface Draw {
  token: Tensor;
  probability: Tensor;
  margin: Tensor;
  entropy: Tensor;
}

function drawOfAll(scaled: Tensor, how: How): Draw {
  const probabilities = softmax(scaled);
  const two = sortIndices(probabilities, 2); // equal ones in their order
  const best = takeAlongAxis(probabilities, two);
  const drawn = (numbers: Tensor): Tensor => {
    const cumulative = cumSum(probabilities);
    return rankOf(cumulative, mul(numbers, columnOf(cumulative, scaled.shape.at(-1)! - 1))); // the last is about 1
  };
  const token = how === undefined ? columnOf(two, 0) : where(how.isDrawn, drawn(how.uniforms), columnOf(two, 0));
  return {
    token,
    probability: pick(probabilities, token),
    margin: sub(columnOf(best, 0), columnOf(best, 1)),
    entropy: mul(add(log(columnOf(best, 0)), sum(mul(probabilities, scaled), lastAxis)), -1),
  };
}

interface KeptTokens {
  /** int32 `[M, V]`, the tokens, sorted by logit from the largest; the others are in this order. */
  order: Tensor;
  sorted: Tensor;
  unfiltered: Tensor;
  /** bool `[M, V]`. It is the beginning of each row, so that the sums over it are those over everything. */
  isKept: Tensor;
  cumulative: Tensor;
  /** `[M, 1]`, the probability that is kept. */
  total: Tensor;
}

function keptTokens(scaled: Tensor, filter: TokenFilter): KeptTokens {
  const [topP, topK] = [asColumn(filter.topP), asColumn(filter.topK)];
  const order = sortIndices(scaled);
  const sorted = takeAlongAxis(scaled, order);
  const unfiltered = softmax(sorted);
  const before = cumSum(unfiltered, { exclusive: true });
  const isNucleus = lessEqual(before, where(less(topP, 1), topP, ABOVE_TOTAL));
  const isKept = and(isNucleus, greaterEqual(sorted, takeAlongAxis(sorted, sub(topK, 1))));
  const cumulative = add(before, unfiltered);
  return { order, sorted, unfiltered, isKept, cumulative, total: max(where(isKept, cumulative, 0), keepLast) };
}

function drawOfSome({ order, sorted, unfiltered, isKept, cumulative, total: column }: KeptTokens, how: How): Draw {
  const total = reshape(column, column.shape.slice(0, -1));
  const ofKept = (x: Tensor): Tensor => where(isKept, x, 0);
  const best = slice(ofKept(unfiltered), { axis: -1, start: 0, end: 2 });
  const greedy = cast(mul(total, 0), "int32");
  const rank = how === undefined ? greedy : where(how.isDrawn, rankOf(cumulative, mul(how.uniforms, total)), greedy);
  return {
    token: pick(order, rank),
    probability: div(pick(unfiltered, rank), total),
    margin: div(sub(columnOf(best, 0), columnOf(best, 1)), total),
    entropy: sub(log(div(total, columnOf(best, 0))), div(sum(ofKept(mul(unfiltered, sorted)), lastAxis), total)),
  };
}

/** Index of the interval of the cumulative distribution in which each point falls. */
function rankOf(cumulative: Tensor, points: Tensor): Tensor {
  return cast(sum(cast(lessEqual(cumulative, asColumn(points)), "float32"), lastAxis), "int32");
}
