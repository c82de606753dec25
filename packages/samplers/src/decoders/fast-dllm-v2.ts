// Fast-dLLM v2's sampler (arXiv 2509.26328; Efficient-Large-Model/Fast_dLLM_v2_1.5B, `modeling.py`, `generate`): the blocks of a
// block-causal model whose logits predict the next token. A block's first token is what the last logits of the block before it
// predict; then its sub-blocks are finished from left to right: each step reveals every mask of the sub-block whose token is surer
// than `threshold`, and the surest in any case. Logits are shifted inside the block. An answer ends with its end token, once
// nothing before it is masked.
// Differs: 1. the pass that computes a finished block for good and gives the next one's first token belongs to that block; 2. a
// prompt of exactly one block is kept; there, it is lost; 3. an answer may have any length; 4. above temperature 0 a block's first
// token is drawn like the others, where the original takes the likeliest, and how sure a token is does not depend on the
// temperature. The original's `use_block_cache` is `blockCache` of the cache.
import { ConfigError, parseConfig } from "@diffucoder/core";
import { z } from "zod";
import { type Canvas, maskedColumns } from "../canvas.ts";
import type { TokenSampling } from "../options.ts";
import { ranked } from "../selection/surest.ts";
import { modelBlockLength, threshold, tokenSampling } from "../shared-options.ts";
import { blockStart } from "./aligned-blocks.ts";
import { commit, type Decoder, type DecoderRow, type RowDecoder } from "./decoder.ts";

/** Options of `fastDllmV2Decoder`. */
export interface FastDllmV2Options extends TokenSampling {
  /** Columns of a block, the model's own. @default 32 */
  blockLength?: number | undefined;
  /** Columns of a sub-block; divides `blockLength`. @default the largest divisor up to 8 */
  subBlockLength?: number | undefined;
  /** Probability above which a token is revealed, in [0, 1]; 1: one token a step. @default 1 */
  threshold?: number | undefined;
}

/** Options of `fastDllmV2Decoder`. Unknown keys fail. */
export const FastDllmV2OptionsSchema = z.strictObject({
  blockLength: modelBlockLength,
  subBlockLength: z.int().positive().describe("columns of a sub-block, which divides the block; default: its largest divisor up to 8").optional(),
  threshold: threshold.unwrap().default(1),
  ...tokenSampling,
}) satisfies z.ZodType<unknown, FastDllmV2Options>;

/**
 * Fast-dLLM v2's decoder of block-causal models.
 *
 * @throws {ConfigError} naming every bad option
 */
export function fastDllmV2Decoder(options: FastDllmV2Options = {}): Decoder {
  const source = "fastDllmV2Decoder options";
  const parsed = parseConfig(FastDllmV2OptionsSchema, options, { source });
  const { blockLength, temperature, topP, topK, threshold } = parsed;
  const subBlockLength = parsed.subBlockLength ?? [8, 7, 6, 5, 4, 3, 2, 1].find((length) => blockLength % length === 0)!;
  if (blockLength % subBlockLength !== 0)
    throw new ConfigError({ source, problems: [`subBlockLength: must divide the ${blockLength} columns of a block, got ${subBlockLength}`] });
  return {
    draw: { temperature, topP, topK, confidence: "low_confidence" },
    fillsFrom: (canvas, end, maskTokenId) => (maskedColumns(canvas.ids, maskTokenId, 0, end).length === 0 ? end + 1 : undefined),
    maxSteps: ({ ids }) => ids.length, // each commits a token
    start: (row) => subBlockRow(row, { blockLength, subBlockLength, threshold }),
  };
}

export const fastDllmV2Decoders = {
  fast_dllm_v2: {
    about: "every token of a sub-block that exceeds a probability, and the surest, in the blocks of a block-causal model",
    options: FastDllmV2OptionsSchema,
    inBlocks: true,
    make: fastDllmV2Decoder,
  },
};

function subBlockRow(
  { canvas, maskTokenId }: DecoderRow,
  { blockLength, subBlockLength, threshold }: { blockLength: number; subBlockLength: number; threshold: number },
): RowDecoder {
  return {
    ask: () => {
      const first = canvas.ids.indexOf(maskTokenId);
      if (first === -1) return undefined;
      const block = blockStart(canvas, first, blockLength);
      if (first === block && block > canvas.start) return { columns: [first], window: [block, subBlockEnd(canvas, block, subBlockLength)] };
      const from = block + Math.floor((first - block) / subBlockLength) * subBlockLength;
      const to = subBlockEnd(canvas, from, subBlockLength);
      return { columns: maskedColumns(canvas.ids, maskTokenId, from, to), window: [Math.max(0, from), to] };
    },
    answer: (candidates) => {
      const { confidence } = candidates;
      return commit(
        candidates,
        ranked(confidence).filter((i, rank) => rank === 0 || confidence[i]! > threshold),
      );
    },
  };
}

function subBlockEnd({ ids }: Canvas, from: number, subBlockLength: number): number {
  return Math.min(from + subBlockLength, ids.length);
}
