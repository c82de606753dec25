// dllm's sampler of masked diffusion models (ZHZisZZ/dllm, `core/samplers/mdlm.py`): blocks from the start of the answer, S steps
// for each; a step reveals the masks of the block whose token has the largest softmax(logits)[x0], as many as the noise schedule
// says (`alphaSchedule`).
// Differs: 1. each row counts its own masks and blocks; 2. where an answer has ended, what lies behind becomes padding at once,
// which is what the models were trained to see there; dllm denoises the whole canvas and cuts the text.
import { parseConfig } from "@diffucoder/core";
import { alphaSchedule } from "@diffucoder/diffusion";
import { z } from "zod";
import type { TokenSampling } from "../options.ts";
import { surest } from "../selection/surest.ts";
import { blockLength, cfgKeepTokens, cfgScale, scheduler, steps, stepsPerBlock, tokenSampling } from "../shared-options.ts";
import type { Decoder } from "./decoder.ts";
import { type BlockState, revealDecoder, type RevealRule } from "./reveal.ts";

/** Options of dllm's samplers, by its names. */
export interface DllmOptions extends Pick<TokenSampling, "temperature"> {
  /** Denoising steps of all blocks together, from 1 to 131,072; divided by the blocks and rounded up. @default 128 */
  steps?: number | undefined;
  /** Denoising steps of each block, instead of `steps`. @default steps / blocks */
  stepsPerBlock?: number | undefined;
  /** Noise schedule that is run backwards: how many tokens each step reveals. @default "linear" */
  scheduler?: "linear" | "cosine" | undefined;
  /** Scale of classifier-free guidance, which doubles the work; 0 is none. @default 0 */
  cfgScale?: number | undefined;
  /** Ids of tokens that guidance does not mask in the prompt. @default none */
  cfgKeepTokens?: number[] | undefined;
}

/** Options of `mdlmDecoder`, by the names of dllm's sampler. */
export interface MdlmOptions extends DllmOptions {
  /** Columns of a block. @default one block */
  blockLength?: number | undefined;
}

/** Options that both of dllm's samplers read. */
export const dllmOptions = { steps: steps.default(128), stepsPerBlock, scheduler, temperature: tokenSampling.temperature, cfgScale, cfgKeepTokens };

/** Options of `mdlmDecoder`. Unknown keys fail. */
export const MdlmOptionsSchema = z.strictObject({ ...dllmOptions, blockLength }) satisfies z.ZodType<unknown, MdlmOptions>;

/**
 * dllm's decoder of models with full attention.
 *
 * @throws {ConfigError} naming every bad option
 */
export function mdlmDecoder(options: MdlmOptions = {}): Decoder {
  const parsed = parseConfig(MdlmOptionsSchema, options, { source: "mdlmDecoder options" });
  return revealDecoder({ draw: dllmDraw(parsed), blockLength: parsed.blockLength, rule: dllmRule(parsed) });
}

export const mdlmDecoders = {
  mdlm: { about: "the likeliest tokens, as many as a noise schedule run backwards reveals", options: MdlmOptionsSchema, make: mdlmDecoder },
};

type Parsed = Pick<z.output<typeof MdlmOptionsSchema>, keyof typeof dllmOptions>;

export function dllmDraw({ temperature, cfgScale, cfgKeepTokens }: Parsed): Decoder["draw"] {
  return { temperature, confidence: "low_confidence", guidanceScale: cfgScale, guidanceKeepIds: cfgKeepTokens };
}

export function dllmRule({ steps, stepsPerBlock, scheduler }: Parsed): RevealRule {
  const stepsOf = ({ blockCount }: Pick<BlockState, "blockCount">): number => stepsPerBlock ?? Math.ceil(steps / blockCount);
  return {
    maxSteps: stepsOf,
    choose: ({ confidence }, state) => {
      const counts = alphaSchedule({ maskCount: state.maskCount, steps: stepsOf(state), scheduler });
      return surest(confidence, counts[state.step] ?? confidence.length);
    },
  };
}
