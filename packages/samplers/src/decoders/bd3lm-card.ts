// The sampler printed on the model cards of dllm's block diffusion models (Qwen2.5-Coder-0.5B-Instruct-diffusion-bd3lm-v0.1), which
// is another one than `bd3lm`: prompts are not padded, blocks count from the first column, and the first block holds what is left
// of the prompt's last one. Of a block's n masks, step k of S reveals floor(n / S), and one more while k < n mod S.
// Differs: 1. a row ends with the block in which its end token stands, not within it, where tokens before it may still be masked;
// 2. the prompt's tail sees the first tokens of the answer from the start, as everything in a block sees everything, guidance masks
// the prompt, and padding stands on the left. On the card the tail sees those tokens once their block is finished, guidance masks all
// that stands before the block, and padding is the padding id wherever it stands; `compat` does so, without a cache.
import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import type { TokenSampling } from "../options.ts";
import { cfgScale, compat, modelBlockLength, steps, tokenSampling } from "../shared-options.ts";
import { blockDecoder, paddingBefore } from "./aligned-blocks.ts";
import type { Decoder, DecoderRow, RowDecoder } from "./decoder.ts";
import { evenRule } from "./even-rule.ts";

/** Options of `bd3lmCardDecoder`, by the names of the card. */
export interface Bd3lmCardOptions extends Pick<TokenSampling, "temperature"> {
  /** Denoising steps of all blocks together, from 1 to 131,072; divided by the blocks of the answer and rounded up. @default 128 */
  steps?: number | undefined;
  /** Columns of a block, the model's own. @default 32 */
  blockLength?: number | undefined;
  /** Scale of classifier-free guidance, which doubles the work; 0 is none. @default 0 */
  cfgScale?: number | undefined;
  /** The prompt's tail sees its block once that is finished, guidance masks finished blocks too, and the padding id is padding. @default false */
  compat?: boolean | undefined;
}

/** Options of `bd3lmCardDecoder`. Unknown keys fail. */
export const Bd3lmCardOptionsSchema = z.strictObject({
  steps: steps.default(128),
  blockLength: modelBlockLength,
  temperature: tokenSampling.temperature,
  cfgScale,
  compat,
}) satisfies z.ZodType<unknown, Bd3lmCardOptions>;

/**
 * The decoder of the model cards of dllm's block-causal models.
 *
 * @throws {ConfigError} naming every bad option
 */
export function bd3lmCardDecoder(options: Bd3lmCardOptions = {}): Decoder {
  const { steps, blockLength, temperature, cfgScale, compat } = parseConfig(Bd3lmCardOptionsSchema, options, { source: "bd3lmCardDecoder options" });
  const draw = { temperature, confidence: "low_confidence", guidanceScale: cfgScale } as const;
  const decoder = blockDecoder({ draw, rule: evenRule({ steps, blockLength }), blockLength });
  return compat ? { ...decoder, start: (row) => blindPrompt(decoder.start(row), row) } : decoder;
}

export const bd3lmCardDecoders = {
  bd3lm_card: {
    about: "the likeliest tokens, as many as divide each block of a block-causal model evenly",
    options: Bd3lmCardOptionsSchema,
    inBlocks: true,
    make: bd3lmCardDecoder,
  },
};

/** What stood there when a block was begun does not see the block. */
function blindPrompt({ ask, answer }: RowDecoder, { canvas, padTokenId }: DecoderRow): RowDecoder {
  let [block, unseenFrom] = [-1, 0];
  let hidden: number[] = [];
  return {
    ask: (step) => {
      const question = ask(step);
      const [first] = question?.columns ?? [];
      if (question?.window === undefined || first === undefined) return question;
      const [, end] = question.window;
      if (block !== end) {
        [block, unseenFrom] = [end, Math.max(first, canvas.completionStart)];
        hidden = paddingBefore(canvas, unseenFrom, padTokenId);
      }
      return { ...question, unseenFrom, hidden };
    },
    answer,
  };
}
