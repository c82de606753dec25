// pass@k (Chen et al. 2021, arXiv 2107.03374, Eq. 1):
//   pass@k = 1 - C(n - c, k) / C(n, k) = 1 - prod_{i = n-c+1}^{n} (1 - k / i)
// n samples of a task, c of them correct. The product is exact in range where the binomials overflow.
import { InvalidArgumentError } from "@diffucoder/core";

/** How one task went: `n` samples were scored, `c` of them passed every test. */
export interface PassCounts {
  /** Samples of a task. */
  readonly n: number;
  /** Samples of them that pass. */
  readonly c: number;
}

/**
 * Unbiased estimate of the chance that at least one of `k` samples of a task is correct.
 *
 * With `k = 1` it is `c / n`. It takes `n >= k` samples to say anything about `k` of them.
 *
 * @returns a number in [0, 1]
 * @throws {InvalidArgumentError} if `n`, `c`, `k` are not integers with `1 <= k <= n` and `0 <= c <= n`
 * @example
 * passAtK({ n: 10, c: 3, k: 5 }); // 0.91667
 */
export function passAtK({
  n,
  c,
  k,
}: PassCounts & {
  /** Samples of which one has to pass, from 1 to `n`. */
  k: number;
}): number {
  if (!Number.isSafeInteger(n) || n < 1) throw new InvalidArgumentError({ argument: "n", value: n, expected: "a positive integer" });
  if (!Number.isSafeInteger(c) || c < 0 || c > n)
    throw new InvalidArgumentError({ argument: "c", value: c, expected: `an integer from 0 to n (${n})` });
  if (!Number.isSafeInteger(k) || k < 1 || k > n) {
    throw new InvalidArgumentError({
      argument: "k",
      value: k,
      expected: `an integer from 1 to n (${n})`,
      wayOut: "Draw at least k samples of each task.",
    });
  }
  if (n - c < k) return 1;
  let allWrong = 1;
  for (let i = n - c + 1; i <= n; i++) allWrong *= 1 - k / i;
  return 1 - allWrong;
}
