// dllm's sampler of block diffusion models (BD3-LM, arXiv 2503.09573; ZHZisZZ/dllm, `core/samplers/bd3lm.py`): as `mdlm`, block by
// block, where tokens see their own block and those before it. Prompts are padded on the left to whole blocks, so that an answer
// begins with one; positions count without padding.
// Differs: 1. a row that has ended does not go on until its neighbours have; 2. a finished block is computed with the first pass of
// the next one, not in a pass of its own; 3. padding is what stands before the prompt. In dllm it is the padding id wherever that
// stands: one that the model writes counts as a token until its block ends, then nobody sees it and later positions move by one.
// `compat` does so, without a cache.
import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import { compat, modelBlockLength } from "../shared-options.ts";
import { blockDecoder, blockStart, paddingBefore } from "./aligned-blocks.ts";
import type { Decoder, DecoderRow, RowDecoder } from "./decoder.ts";
import { type DllmOptions, dllmDraw, dllmOptions, dllmRule } from "./mdlm.ts";

/** Options of `bd3lmDecoder`, by the names of dllm's sampler. */
export interface Bd3lmOptions extends DllmOptions {
  /** Columns of a block, the model's own. @default 32 */
  blockLength?: number | undefined;
  /** A padding id that the model has written is padding, once its block has ended. @default false */
  compat?: boolean | undefined;
}

/** Options of `bd3lmDecoder`. Unknown keys fail. */
export const Bd3lmOptionsSchema = z.strictObject({ ...dllmOptions, blockLength: modelBlockLength, compat }) satisfies z.ZodType<
  unknown,
  Bd3lmOptions
>;

/**
 * dllm's decoder of block-causal models.
 *
 * @throws {ConfigError} naming every bad option
 */
export function bd3lmDecoder(options: Bd3lmOptions = {}): Decoder {
  const parsed = parseConfig(Bd3lmOptionsSchema, options, { source: "bd3lmDecoder options" });
  const { blockLength, compat } = parsed;
  const decoder = blockDecoder({ draw: dllmDraw(parsed), rule: dllmRule(parsed), blockLength });
  return {
    ...decoder,
    promptLength: (tokens) => Math.ceil(tokens / blockLength) * blockLength,
    start: (row) => (compat ? hidingPadding(decoder.start(row), row, blockLength) : decoder.start(row)),
  };
}

export const bd3lmDecoders = {
  bd3lm: {
    about: "mdlm in the blocks of a block-causal model, behind a prompt of whole blocks",
    options: Bd3lmOptionsSchema,
    inBlocks: true,
    make: bd3lmDecoder,
  },
};

function hidingPadding({ ask, answer }: RowDecoder, { canvas, padTokenId }: DecoderRow, blockLength: number): RowDecoder {
  return {
    ask: (step) => {
      const question = ask(step);
      const [first] = question?.columns ?? [];
      if (question === undefined || first === undefined) return question;
      return { ...question, hidden: paddingBefore(canvas, blockStart(canvas, first, blockLength), padTokenId) };
    },
    answer,
  };
}
