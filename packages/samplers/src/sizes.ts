// Ladders: a plan is compiled for each size of a pass, so sizes are rounded up to few.

/** The smallest of 1, 2, 3, 4, 6, 8, 12, 16, 24, ... that holds `count`. */
export function ladder(count: number): number {
  if (count <= 2) return count;
  const power = 2 ** Math.floor(Math.log2(count - 1));
  return count <= 1.5 * power ? 1.5 * power : 2 * power;
}

/** As `ladder` up to 64, then four sizes for each power of two: for counts whose waste costs more than another plan. */
export function fineLadder(count: number): number {
  if (count <= 64) return ladder(count);
  const unit = 2 ** Math.floor(Math.log2(count - 1)) / 4;
  return Math.ceil(count / unit) * unit;
}

/** Columns for rows of up to `length`: multiples of 8 up to 128, of 16 up to 256, ..., so that at most an eighth is wasted beyond 64. */
export function lengthSize(length: number, maxLength = Infinity): number {
  const unit = Math.max(8, 2 ** Math.ceil(Math.log2(length)) / 16);
  return Math.max(length, Math.min(maxLength, Math.ceil(length / unit) * unit));
}

/** The smallest of `parts` sizes, up to `total`, that holds `count`. */
export function partSize(count: number, total: number, parts: number): number {
  const unit = Math.ceil(total / parts);
  return Math.min(total, Math.ceil(count / unit) * unit);
}

/** Positions of a window of `total` columns whose logits are computed for `count` that are asked: 16, 32, 64, ..., or all. */
export function positionsSize(count: number, total: number): number {
  return Math.min(total, Math.max(16, 2 ** Math.ceil(Math.log2(count))));
}
