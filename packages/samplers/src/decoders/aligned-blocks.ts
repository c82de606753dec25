// What decoders of block-causal models share: blocks that are the model's own, counted from the canvas's origin, so that the tail
// of a prompt shares one with the first tokens of the answer. An answer ends with the block in which its end token stands: the
// block is finished, since later blocks are not seen from it, and what follows becomes padding.
import type { Canvas } from "../canvas.ts";
import type { DrawOptions } from "../denoiser.ts";
import type { Decoder } from "./decoder.ts";
import { revealDecoder, type RevealRule } from "./reveal.ts";

/** First column of each block from the one in which the answer begins, and the column behind it; holes of the prompt belong to the first. */
export function alignedBlocksOf(canvas: Canvas, blockLength: number): [number, number][] {
  const { ids, completionStart } = canvas;
  const blocks: [number, number][] = [];
  for (let from = blockStart(canvas, completionStart, blockLength); from < ids.length; from += blockLength)
    blocks.push([from, Math.min(from + blockLength, ids.length)]);
  if (blocks.length === 0) return [[0, ids.length]];
  blocks[0]![0] = 0;
  return blocks;
}

/** First column of the block that a column is in. */
export function blockStart({ blockOrigin = 0 }: Canvas, column: number, blockLength: number): number {
  return blockOrigin + Math.floor((column - blockOrigin) / blockLength) * blockLength;
}

/** A decoder that asks about the masks of the leftmost unfinished block of the model and commits those that its rule chooses. */
export function blockDecoder({ draw, rule, blockLength }: { draw: DrawOptions; rule: RevealRule; blockLength: number }): Decoder {
  return {
    ...revealDecoder({ draw, rule, blocks: (canvas) => alignedBlocksOf(canvas, blockLength) }),
    fillsFrom: (canvas, end) => blockStart(canvas, end, blockLength) + blockLength,
  };
}

/** Columns before one with the padding id, as dllm tells padding. */
export function paddingBefore({ ids }: Canvas, column: number, padTokenId: number): number[] {
  return [...ids.subarray(0, column).keys()].filter((one) => ids[one] === padTokenId);
}
