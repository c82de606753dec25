// Kendall's tau-b (Kendall 1945): (C - D) / sqrt((n0 - n1)(n0 - n2)), C and D the pairs in the same and in opposite order, n0 all pairs, n1 and n2
// those tied in one of the lists.

/**
 * Kendall's tau-b of two lists, O(n^2).
 *
 * @returns a number in [-1, 1]; undefined if one of the lists does not vary, or the lists have fewer than two items
 */
export function kendallTau(a: readonly number[], b: readonly number[]): number | undefined {
  let [agreement, untiedA, untiedB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const [signA, signB] = [Math.sign(a[i]! - a[j]!), Math.sign(b[i]! - b[j]!)];
      agreement += signA * signB;
      untiedA += signA * signA;
      untiedB += signB * signB;
    }
  }
  const scale = Math.sqrt(untiedA) * Math.sqrt(untiedB);
  return scale === 0 ? undefined : Math.max(-1, Math.min(1, agreement / scale));
}
