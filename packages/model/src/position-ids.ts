import { int32, type NdArray } from "@diffucoder/tensor";

/**
 * Positions of left-padded rows: real tokens count from 0, padding gets 1, as in Dream's `diffusion_generate`.
 *
 * @param attentionMask `[B, L]`, 1 for a real token and 0 for padding
 * @returns int32 `[B, L]`
 * @example
 * positionIdsFromMask(int32([0, 0, 1, 1, 1], [1, 5])).data; // 1, 1, 0, 1, 2
 */
export function positionIdsFromMask(attentionMask: NdArray): NdArray {
  const length = attentionMask.shape.at(-1) ?? 1;
  let position = 0;
  const positions = Array.from(attentionMask.data, (real, i) => {
    if (i % length === 0) position = 0;
    return real === 0 ? 1 : position++;
  });
  return int32(positions, attentionMask.shape);
}
