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

export const threshold = probability.describe("probability from which a masked position is committed").default(0.9);
