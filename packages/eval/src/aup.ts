// Accuracy under parallelism (d3LLM, arXiv 2601.07568; `aup_utils.py`): one number for a decoder whose accuracy y (percent) is known
// at several degrees of parallelism rho (tokens of an answer for a forward pass), whatever the hardware. In the order of rho, without
// the points that lie more than 5 below the first,
//   AUP = rho_1 y_1 + sum_{i > 1} (rho_i - rho_{i-1}) (y_i W(y_i) + y_{i-1} W(y_{i-1})) / 2,   W(y) = min(exp(-3 (1 - y / y_max)), 1)
// where y_max is the highest accuracy of all decoders that are compared.
// Differs: 1. a curve may end more than 5 below its first point, which is an error there: those points count for nothing; 2. where no
// decoder solves anything, AUP is 0 instead of no number.
import { InvalidArgumentError } from "@diffucoder/core";

/** One setting of a decoder. */
export interface ParallelPoint {
  /** Tokens of an answer for a forward pass, above 0. */
  readonly tokensPerPass: number;
  /** A share in [0, 1], such as pass@1. */
  readonly accuracy: number;
}

/** By how much a point may lie below the first one, percent. */
const MOST_LOST = 5;
const PENALTY = 3;

/**
 * Accuracy under parallelism of one decoder: tokens per pass times percent, the larger the better.
 *
 * @param curve the decoder's settings, in any order
 * @param best highest accuracy of all decoders that are compared, a share in [0, 1]
 * @throws {InvalidArgumentError} if there is no point, or a number is outside its range
 * @example
 * accuracyUnderParallelism([{ tokensPerPass: 1, accuracy: 0.8 }, { tokensPerPass: 3, accuracy: 0.8 }], 0.8); // 240
 */
export function accuracyUnderParallelism(curve: readonly ParallelPoint[], best: number): number {
  check(curve, best);
  if (best === 0) return 0;
  const sorted = curve
    .toSorted((a, b) => a.tokensPerPass - b.tokensPerPass)
    .map(({ tokensPerPass, accuracy }) => ({ rho: tokensPerPass, y: 100 * accuracy }));
  const [first] = sorted as [{ rho: number; y: number }];
  const kept = sorted.filter(({ y }) => y >= first.y - MOST_LOST);
  const weighted = (y: number): number => y * Math.min(Math.exp(-PENALTY * (1 - y / (100 * best))), 1);
  return kept.reduce((sum, { rho, y }, i) => {
    if (i === 0) return rho * y;
    const before = kept[i - 1]!;
    return sum + ((rho - before.rho) * (weighted(y) + weighted(before.y))) / 2;
  }, 0);
}

function check(curve: readonly ParallelPoint[], best: number): void {
  const isShare = (value: number): boolean => value >= 0 && value <= 1;
  if (curve.length === 0) throw new InvalidArgumentError({ argument: "curve", value: curve, expected: "at least one point" });
  if (!isShare(best)) throw new InvalidArgumentError({ argument: "best", value: best, expected: "a share in [0, 1]" });
  for (const { tokensPerPass, accuracy } of curve) {
    if (!(tokensPerPass > 0 && tokensPerPass < Infinity))
      throw new InvalidArgumentError({ argument: "tokensPerPass", value: tokensPerPass, expected: "a number above 0" });
    if (!isShare(accuracy) || accuracy > best)
      throw new InvalidArgumentError({ argument: "accuracy", value: accuracy, expected: `a share in [0, ${best}], the best of all decoders` });
  }
}
