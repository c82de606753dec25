// LLaDA's sampler (arXiv 2502.09992, `generate.py`): blocks from left to right, S steps for each; of a block's n masks,
// step k commits floor(n / S), and one more while k < n mod S: those with the largest softmax(logits)[x0]
// (low_confidence) or any (random).
// Differs: 1. the token x0 is drawn from softmax(logits / T) by inverting its cumulative distribution, not as the argmax of
// logits + T * Gumbel noise in float64: the same distribution, with one random number for a position instead of V;
// 2. steps that the blocks do not divide are spread over them, and the last block may be shorter;
// 3. `logits_eos_inf` is the denoiser's `forbiddenIds`; `confidence_eos_eot_inf` is left out, its line in the original
// changes the logits of another token than it names.
// Guidance, u + (w + 1) (c - u), works with and without padding. Models that predict a position from the one before it
// need nothing else here: the denoiser knows.
import { InvalidArgumentError, parseConfig } from "@diffucoder/core";
import { transferCount } from "@diffucoder/diffusion";
import { z } from "zod";
import type { TokenSampling } from "../options.ts";
import { surest } from "../selection/surest.ts";
import { blockLength, cfgScale, steps, tokenSampling } from "../shared-options.ts";
import type { Decoder } from "./decoder.ts";
import { type BlockState, revealDecoder, type RevealRule } from "./reveal.ts";

/** Options of LLaDA's sampler, by the names of its `generate.py`. */
export interface LladaOptions extends Pick<TokenSampling, "temperature"> {
  /** Denoising steps of all blocks together, from 1 to 131,072, and at least one for each block. @default 128 */
  steps?: number | undefined;
  /** Columns of a block. @default one block */
  blockLength?: number | undefined;
  /** Which proposals stay masked: those that are least sure, or any. @default "low_confidence" */
  remasking?: "low_confidence" | "random" | undefined;
  /** Scale of classifier-free guidance, which doubles the work; 0 is none. @default 0 */
  cfgScale?: number | undefined;
}

/** Options of `lladaDecoder`. Unknown keys fail. */
export const LladaOptionsSchema = z.strictObject({
  steps: steps.default(128),
  blockLength,
  remasking: z.enum(["low_confidence", "random"]).default("low_confidence").describe("which proposals stay masked"),
  temperature: tokenSampling.temperature,
  cfgScale,
}) satisfies z.ZodType<unknown, LladaOptions>;

/**
 * LLaDA's decoder: blocks from left to right, and in each step of a block as many of its surest masks as divide it evenly.
 *
 * @throws {ConfigError} naming every bad option
 * @throws {InvalidArgumentError} when a run starts, if there are more blocks than steps
 */
export function lladaDecoder(options: LladaOptions): Decoder {
  const { steps, blockLength, remasking, temperature, cfgScale } = parseConfig(LladaOptionsSchema, options, { source: "lladaDecoder options" });
  return revealDecoder({
    draw: { temperature, confidence: "low_confidence", guidanceScale: cfgScale },
    blockLength,
    rule: remasking === "random" ? randomRule(steps) : surestRule(steps),
  });
}

function named(remasking: NonNullable<LladaOptions["remasking"]>, about: string) {
  const options = LladaOptionsSchema.omit({ remasking: true });
  return { about, options, make: (given: Omit<LladaOptions, "remasking">) => lladaDecoder({ ...given, remasking }) };
}

export const lladaDecoders = {
  low_confidence: named("low_confidence", "the likeliest tokens, as many as divide the block evenly"),
  random: named("random", "as many positions as divide the block evenly, at random"),
};

function surestRule(steps: number): RevealRule {
  return {
    maxSteps: (state) => blockSteps(steps, state),
    isIdle: (state) => count(steps, state) === 0,
    choose: ({ confidence }, state) => surest(confidence, count(steps, state)),
  };
}

function randomRule(steps: number): RevealRule {
  return {
    ...surestRule(steps),
    choose: ({ columns }, state) =>
      surest(
        columns.map(() => state.random.uniform()),
        count(steps, state),
      ),
  };
}

function count(steps: number, state: BlockState): number {
  const ofBlock = blockSteps(steps, state);
  return transferCount({ masked: state.left, step: Math.min(state.step, ofBlock - 1), steps: ofBlock, schedule: "even" });
}

/** Steps of one block. */
function blockSteps(steps: number, { block, blockCount }: Pick<BlockState, "block" | "blockCount">): number {
  if (steps < blockCount) throw new InvalidArgumentError({ argument: "steps", value: steps, expected: `at least ${blockCount}, one for each block` });
  return Math.floor(((block + 1) * steps) / blockCount) - Math.floor((block * steps) / blockCount);
}
