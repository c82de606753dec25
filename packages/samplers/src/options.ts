import { z } from "zod";
import { MOST } from "./limits.ts";

/** Dream's algorithms: what decides which masked positions are committed first. */
export const AlgSchema = z.enum(["origin", "maskgit_plus", "topk_margin", "entropy"]);

export type Alg = z.output<typeof AlgSchema>;

/**
 * How sure a proposal is. Of the distribution that is drawn from: probability of the token (`maskgit_plus`), of the first
 * minus the second (`topk_margin`), negative entropy (`entropy`). `low_confidence`, LLaDA's: probability of the token
 * before temperature and filters.
 */
export type ConfidenceName = "maskgit_plus" | "topk_margin" | "entropy" | "low_confidence";

/** Options of Dream's `diffusion_generate`; names and defaults are Dream's, in camelCase, but for `alg`, whose is the paper's. */
export const SamplerOptionsSchema = z.strictObject({
  maxNewTokens: z.int().positive().max(MOST).describe("masked positions of the completion, tokens"),
  steps: z.int().positive().max(MOST).default(512).describe("denoising steps; at most one forward pass each"),
  alg: AlgSchema.default("entropy").describe(
    "origin: positions at random; maskgit_plus: probability of the token; topk_margin: of the first minus the second; entropy: negative entropy",
  ),
  temperature: z.number().nonnegative().default(0).describe("of the tokens; 0 is greedy"),
  topP: z.number().gt(0).max(1).optional().describe("nucleus sampling"),
  topK: z.int().positive().optional(),
  algTemp: z.number().nonnegative().optional().describe("temperature of the choice of positions, also at temperature 0; 0 takes the surest"),
  schedule: z.enum(["dream", "even"]).default("dream").describe("how many tokens each step commits"),
  eps: z.number().gt(0).lt(1).default(1e-3).describe("last timestep of Dream's schedule"),
});

export type SamplerOptions = z.output<typeof SamplerOptionsSchema>;
