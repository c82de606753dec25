import { z } from "zod";

/** Dream's confidence algorithms: what decides which masked positions are committed first. */
export const AlgSchema = z.enum(["maskgit_plus", "entropy"]);

export type Alg = z.output<typeof AlgSchema>;

/** Options of `diffusionGenerate`; names and defaults are Dream's, in camelCase. */
export const SamplerOptionsSchema = z.strictObject({
  maxNewTokens: z.int().positive().describe("masked positions of the completion, tokens"),
  steps: z.int().positive().default(512).describe("denoising steps; one forward pass each"),
  alg: AlgSchema.default("entropy").describe("maskgit_plus: probability of the token; entropy: negative entropy of its distribution"),
  temperature: z.number().nonnegative().default(0).describe("0 is greedy"),
  topP: z.number().gt(0).max(1).optional().describe("nucleus sampling"),
  topK: z.int().positive().optional(),
  schedule: z.enum(["dream", "even"]).default("dream").describe("how many tokens each step commits"),
  eps: z.number().gt(0).lt(1).default(1e-3).describe("last timestep of Dream's schedule"),
});

export type SamplerOptions = z.output<typeof SamplerOptionsSchema>;
