import { z } from "zod";
import { MOST } from "./limits.ts";
import { steps, tokenSampling } from "./shared-options.ts";

/** Dream's algorithms: what decides which masked positions are committed first. */
const AlgSchema = z.enum(["origin", "maskgit_plus", "topk_margin", "entropy"]);

/** What decides which masked positions a step of Dream commits. */
export type Alg = z.output<typeof AlgSchema>;

/**
 * How sure a proposal is. Of the distribution that is drawn from: probability of the token (`maskgit_plus`), of the first
 * minus the second (`topk_margin`), negative entropy (`entropy`). `low_confidence`, LLaDA's: probability of the token
 * before temperature and filters.
 */
export type ConfidenceName = "maskgit_plus" | "topk_margin" | "entropy" | "low_confidence";

/** How tokens are drawn: temperature, then top-p, then top-k. */
export interface TokenSampling {
  /** Of the tokens, from 0; below 1e-5 the likeliest token is taken. @default 0 */
  temperature?: number | undefined;
  /** Nucleus sampling: the smallest set of tokens that reaches this probability, in (0, 1]. @default all tokens */
  topP?: number | undefined;
  /** Only the k likeliest tokens, and those as likely as the k-th. @default all tokens */
  topK?: number | undefined;
}

/** Options of Dream's `diffusion_generate`, as `SamplerOptionsSchema` gives them. */
export interface SamplerOptions extends TokenSampling {
  /** Masked positions of the completion, tokens: from 1 to 131,072. */
  maxNewTokens: number;
  /** Denoising steps, from 1 to 131,072; at most one forward pass each. @default 512 */
  steps: number;
  /**
   * Which positions are committed first. `origin`: any, at random; else those that are surest, by the probability of the
   * token (`maskgit_plus`), of the first minus the second (`topk_margin`) or by negative entropy (`entropy`).
   * @default "entropy"
   */
  alg: Alg;
  /** Of the tokens, from 0; below 1e-5 the likeliest token is taken. @default 0 */
  temperature: number;
  /** Temperature of the choice of positions, from 0, also where tokens are greedy; `origin` does not read it. @default the surest */
  algTemp?: number | undefined;
  /** How many tokens each step commits: by Dream's timesteps, or as evenly as they divide. @default "dream" */
  schedule: "dream" | "even";
  /** Last timestep of Dream's schedule, in (0, 1); `even` does not read it. @default 1e-3 */
  eps: number;
}

/** Options of Dream's `diffusion_generate`; names and defaults are Dream's, in camelCase, but for `alg`, whose is the paper's. */
export const SamplerOptionsSchema = z.strictObject({
  maxNewTokens: z.int().positive().max(MOST).describe("masked positions of the completion, tokens"),
  steps: steps.default(512),
  alg: AlgSchema.default("entropy").describe(
    "origin: positions at random; maskgit_plus: probability of the token; topk_margin: of the first minus the second; entropy: negative entropy",
  ),
  ...tokenSampling,
  algTemp: z.number().nonnegative().describe("temperature of the choice of positions, also where tokens are greedy; 0 takes the surest").optional(),
  schedule: z.enum(["dream", "even"]).describe("how many tokens each step commits: by Dream's timesteps or evenly").default("dream"),
  eps: z.number().gt(0).lt(1).describe("last timestep of Dream's schedule").default(1e-3),
}) satisfies z.ZodType<SamplerOptions>;
