// Which of a step's candidates can be committed together. c are probabilities, H entropies in nats; the surest candidate is
// always taken, so that a step never commits nothing.
import { ranked } from "./surest.ts";

/** Those with c >= threshold. Fast-dLLM (arXiv 2505.22618), section 3.3. */
export function aboveThreshold(confidence: ArrayLike<number>, threshold: number): number[] {
  return ranked(confidence).filter((i, rank) => rank === 0 || confidence[i]! >= threshold);
}

/**
 * The n surest for the largest n with `(n + 1) (1 - c_n) < factor`, where c_n is the n-th largest. Fast-dLLM, factor-based
 * decoding: below 1, decoding the n together greedily is decoding them one by one.
 *
 * Differs from the published code, which takes one more where the rule fails at the first or last rank.
 */
export function withinFactor(confidence: ArrayLike<number>, factor: number): number[] {
  const order = ranked(confidence);
  const holds = (n: number): boolean => (n + 1) * (1 - confidence[order[n - 1]!]!) < factor;
  let count = order.length;
  while (count > 1 && !holds(count)) count--;
  return order.slice(0, count);
}

/**
 * The longest run of candidates by rising entropy with `sum H - max H <= bound`: what deciding them independently can cost
 * at most. EB-Sampler (arXiv 2505.24857), Eq. 6 and Algorithm 1.
 */
export function withinEntropyBound(entropy: ArrayLike<number>, bound: number): number[] {
  const order = ranked(Array.from(entropy, (value) => -value));
  let total = 0;
  let count = 0;
  for (const i of order) {
    // In rising order the largest is the one that is added, so the sum without it is the one so far.
    if (count > 0 && total > bound) break;
    total += entropy[i]!;
    count++;
  }
  return order.slice(0, count);
}

/**
 * Those with c >= threshold, and of every unbroken run of candidates the surest, if it has c >= lowThreshold: tokens that
 * are far apart depend less on each other. Hierarchical decoding of dInfer (arXiv 2510.08666).
 */
export function hierarchical(
  { columns, confidence }: { columns: readonly number[]; confidence: ArrayLike<number> },
  { threshold, lowThreshold }: { threshold: number; lowThreshold: number },
): number[] {
  const best = new Set<number>();
  for (let start = 0; start < columns.length;) {
    let end = start + 1;
    while (end < columns.length && columns[end] === columns[end - 1]! + 1) end++;
    const run = ranked(confidence).find((i) => i >= start && i < end) as number;
    if (confidence[run]! >= lowThreshold) best.add(run);
    start = end;
  }
  return ranked(confidence).filter((i, rank) => rank === 0 || best.has(i) || confidence[i]! >= threshold);
}
