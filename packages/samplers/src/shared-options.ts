// Options that several decoders read. One name means one thing: decoders that share an option share its schema.
import { z } from "zod";
import { MOST } from "./limits.ts";

const probability = z.number().min(0).max(1);

export const steps = z.int().positive().max(MOST).describe("denoising steps, at most one forward pass each");

/** `TokenSampling`. */
export const tokenSampling = {
  temperature: z.number().nonnegative().describe("of the tokens; 0 is greedy").default(0),
  topP: z.number().gt(0).max(1).describe("nucleus sampling; 1 keeps every token").optional(),
  topK: z.int().positive().describe("draw from this many of the likeliest tokens").optional(),
};

export const blockLength = z.int().positive().describe("decode in blocks of this many tokens from left to right").optional();

/** Of decoders made for block-causal models, whose blocks are the model's. */
export const modelBlockLength = blockLength.unwrap().default(32);

export const stepsPerBlock = z.int().positive().max(MOST).describe("denoising steps of each block, instead of steps for all together").optional();

export const scheduler = z
  .enum(["linear", "cosine"])
  .describe("noise schedule that is run backwards: how many tokens each step reveals")
  .default("linear");

export const cfgScale = z.number().min(0).max(1000).describe("classifier-free guidance, twice the work; 0 is none").default(0);

export const cfgKeepTokens = z.array(z.int().nonnegative()).max(4096).describe("ids of tokens that guidance does not mask in the prompt").optional();

export const compat = z.boolean().describe("do as the published code does where that is a defect, to compare with it").default(false);

export const threshold = probability.describe("probability from which a masked position is committed").default(0.9);
