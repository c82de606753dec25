// SDAR's sampler (JetAstra/SDAR, `generate.py`): the blocks of a block-causal model, S steps for each. Of a block of b tokens, step
// k may reveal n_k = floor(b / S) tokens, and one more while k < b mod S:
//   static      the n_k masks whose token is surest;
//   dynamic     every mask whose token is surer than `threshold`, or the n_k surest if those are fewer;
//   sequential  the n_k leftmost masks.
// How sure a token is: its probability in the distribution that it is drawn from, after temperature, top-k and top-p.
// Differs: 1. temperature 0 takes the likeliest token, with its probability at temperature 1; SDAR divides by zero; 2. where fewer
// masks are left than n_k, they are all revealed; SDAR then overwrites tokens of the prompt; 3. a finished block is computed with
// the first pass of the next one; 4. what lies behind the block of an end token becomes padding, and stays masked there;
// 5. `entropy_bounded`, which cannot run as published, is left out.
import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import type { TokenSampling } from "../options.ts";
import { ranked, surest } from "../selection/surest.ts";
import { modelBlockLength, stepsPerBlock, threshold, tokenSampling } from "../shared-options.ts";
import { blockDecoder } from "./aligned-blocks.ts";
import type { Candidates, Decoder } from "./decoder.ts";
import type { BlockState } from "./reveal.ts";

/** Options of `sdarDecoder`. */
export interface SdarOptions extends TokenSampling {
  /** Which masks of a step are revealed. @default "dynamic" */
  rule?: "static" | "dynamic" | "sequential" | undefined;
  /** Columns of a block, the model's own. @default 32 */
  blockLength?: number | undefined;
  /** Denoising steps of each block, from 1 to 131,072. @default as many as it has columns */
  stepsPerBlock?: number | undefined;
  /** Probability above which `dynamic` reveals a token, in [0, 1]. @default 0.85 */
  threshold?: number | undefined;
}

const common = { blockLength: modelBlockLength, stepsPerBlock, ...tokenSampling };
const sure = threshold.unwrap().default(0.85);

/** Options of `sdarDecoder`. Unknown keys fail. */
export const SdarOptionsSchema = z.strictObject({
  ...common,
  threshold: sure,
  rule: z.enum(["static", "dynamic", "sequential"]).default("dynamic").describe("which masks of a step are revealed"),
}) satisfies z.ZodType<unknown, SdarOptions>;

/**
 * SDAR's decoder of block-causal models.
 *
 * @throws {ConfigError} naming every bad option
 */
export function sdarDecoder(options: SdarOptions = {}): Decoder {
  const parsed = parseConfig(SdarOptionsSchema, options, { source: "sdarDecoder options" });
  const { blockLength, temperature, topP, topK, stepsPerBlock = blockLength } = parsed;
  const count = ({ step }: Pick<BlockState, "step">): number =>
    Math.floor(blockLength / stepsPerBlock) + (step < blockLength % stepsPerBlock ? 1 : 0);
  return blockDecoder({
    draw: { temperature, topP, topK, confidence: "maskgit_plus" },
    blockLength,
    // A constraint may hold tokens back for longer than the steps that a block has.
    rule: {
      maxSteps: () => Math.max(stepsPerBlock, blockLength),
      isIdle: (state) => count(state) === 0 && parsed.rule !== "dynamic" && state.step < stepsPerBlock,
      choose: (candidates, state) => chosen(candidates, parsed, Math.max(count(state), state.step < stepsPerBlock ? 0 : candidates.columns.length)),
    },
  });
}

function chosen({ confidence, columns }: Candidates, { rule, threshold }: z.output<typeof SdarOptionsSchema>, count: number): number[] {
  if (rule === "sequential") return [...columns.keys()].slice(0, count);
  const above = rule === "dynamic" ? ranked(confidence).filter((i) => confidence[i]! > threshold) : [];
  return above.length >= count && above.length > 0 ? above : surest(confidence, count);
}

type NamedOptions = Omit<SdarOptions, "rule" | "threshold">;

const fixed = z.strictObject(common);

export const sdarDecoders = {
  sdar_static: {
    about: "the likeliest tokens, as many as divide each block of a block-causal model evenly, prompt and answer in blocks",
    options: fixed,
    inBlocks: true,
    make: (options: NamedOptions) => sdarDecoder({ ...options, rule: "static" }),
  },
  sdar_dynamic: {
    about: "every token of a block that exceeds a probability, or as many as divide it evenly",
    options: fixed.extend({ threshold: sure }),
    inBlocks: true,
    make: (options: Omit<SdarOptions, "rule">) => sdarDecoder({ ...options, rule: "dynamic" }),
  },
  sdar_sequential: {
    about: "the leftmost tokens of a block, as many as divide it evenly",
    options: fixed,
    inBlocks: true,
    make: (options: NamedOptions) => sdarDecoder({ ...options, rule: "sequential" }),
  },
};
