import type { Random } from "@diffucoder/core";
import { COLDEST } from "../limits.ts";

/** Indices from the largest value to the smallest; of equal ones the leftmost first. */
export function ranked(values: ArrayLike<number>): number[] {
  return Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);
}

/** Indices of the `count` largest values, largest first. */
export function surest(confidence: ArrayLike<number>, count: number): number[] {
  return ranked(confidence).slice(0, count);
}

/**
 * Draws `count` indices without replacement with probabilities `softmax(confidence / temperature)`, as Dream's `alg_temp`.
 * The largest of `confidence / temperature + Gumbel noise` have this distribution (Yellott 1977; Kool et al. 2019).
 * At most as many as there are. A temperature near 0 takes the surest.
 */
export function drawSurest(confidence: ArrayLike<number>, count: number, { temperature, random }: { temperature: number; random: Random }): number[] {
  if (temperature < COLDEST) return surest(confidence, count);
  // float64: Gumbel noise in low precision is cut off at its top, which makes large confidences larger (arXiv 2409.02908).
  const keys = Float64Array.from(confidence, (value) => value / temperature - Math.log(-Math.log(1 - random.uniform())));
  return surest(keys, count);
}
