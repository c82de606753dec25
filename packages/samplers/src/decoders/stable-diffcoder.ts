// Stable-DiffCoder's sampler (ByteDance-Seed/Stable-DiffCoder-8B-Instruct, `modeling_stable_diffcoder.py`, `generate_block`): the
// blocks of a block-causal model, the prompt's tail and the first tokens in one. With a threshold, a step reveals every mask of the
// block whose token reaches it, and the surest in any case; without, as many as divide the block evenly over its share of the steps.
// Differs: 1. the last block may have any length, and the steps need not divide; 2. with a threshold a block takes the steps that it
// needs; there, masks are left if it has fewer steps than masks; 3. what follows the end token in its block stays as it was written
// and is no part of the answer; there, it is replaced by the end token; 4. probabilities are float32, not float64.
import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import type { TokenSampling } from "../options.ts";
import { aboveThreshold } from "../selection/parallel.ts";
import { modelBlockLength, steps, threshold, tokenSampling } from "../shared-options.ts";
import { blockDecoder } from "./aligned-blocks.ts";
import type { Decoder } from "./decoder.ts";
import { evenRule } from "./even-rule.ts";
import type { RevealRule } from "./reveal.ts";

/** Options of `stableDiffcoderDecoder`. */
export interface StableDiffcoderOptions extends Pick<TokenSampling, "temperature"> {
  /** Columns of a block, the model's own. @default 32 */
  blockLength?: number | undefined;
  /** Probability from which a token is revealed, in [0, 1]. @default 0.95 */
  threshold?: number | undefined;
}

/** Options of `stableDiffcoderStepsDecoder`. */
export interface StableDiffcoderStepsOptions extends Pick<TokenSampling, "temperature"> {
  /** Columns of a block, the model's own. @default 32 */
  blockLength?: number | undefined;
  /** Denoising steps of all blocks together, from 1 to 131,072; divided by the blocks of the answer and rounded up. @default 128 */
  steps?: number | undefined;
}

const common = { blockLength: modelBlockLength, temperature: tokenSampling.temperature };

/** Options of `stableDiffcoderDecoder`. Unknown keys fail. */
export const StableDiffcoderOptionsSchema = z.strictObject({ ...common, threshold: threshold.unwrap().default(0.95) }) satisfies z.ZodType<
  unknown,
  StableDiffcoderOptions
>;

/** Options of `stableDiffcoderStepsDecoder`. Unknown keys fail. */
export const StableDiffcoderStepsOptionsSchema = z.strictObject({ ...common, steps: steps.default(128) }) satisfies z.ZodType<
  unknown,
  StableDiffcoderStepsOptions
>;

/**
 * Stable-DiffCoder's decoder with a threshold.
 *
 * @throws {ConfigError} naming every bad option
 */
export function stableDiffcoderDecoder(options: StableDiffcoderOptions = {}): Decoder {
  const { threshold, ...parsed } = parseConfig(StableDiffcoderOptionsSchema, options, { source: "stableDiffcoderDecoder options" });
  const rule: RevealRule = { maxSteps: ({ maskCount }) => maskCount, choose: ({ confidence }) => aboveThreshold(confidence, threshold) };
  return decoderOf(rule, parsed);
}

/**
 * Stable-DiffCoder's decoder with a number of steps.
 *
 * @throws {ConfigError} naming every bad option
 */
export function stableDiffcoderStepsDecoder(options: StableDiffcoderStepsOptions = {}): Decoder {
  const parsed = parseConfig(StableDiffcoderStepsOptionsSchema, options, { source: "stableDiffcoderStepsDecoder options" });
  return decoderOf(evenRule(parsed), parsed);
}

function decoderOf(rule: RevealRule, { blockLength, temperature }: { blockLength: number; temperature: number }): Decoder {
  return blockDecoder({ draw: { temperature, confidence: "low_confidence" }, rule, blockLength });
}

export const stableDiffcoderDecoders = {
  stable_diffcoder: {
    about: "every token of a block of a block-causal model that reaches a probability, and the surest",
    options: StableDiffcoderOptionsSchema,
    inBlocks: true,
    make: stableDiffcoderDecoder,
  },
  stable_diffcoder_steps: {
    about: "the likeliest tokens, as many as divide each block of a block-causal model evenly",
    options: StableDiffcoderStepsOptionsSchema,
    inBlocks: true,
    make: stableDiffcoderStepsDecoder,
  },
};
