import { CacheOptionsSchema } from "@diffucoder/samplers";
import { z } from "zod";
import { DECODER_NAMES } from "../decoders.ts";

const probability = z.number().min(0).max(1);

/** How masks are decoded: the algorithm and the options of all algorithms. Which algorithm reads which, `decoders.ts` says. */
export const DecodingOptionsSchema = z.strictObject({
  alg: z
    .enum(DECODER_NAMES)
    .optional()
    .describe(`which positions are committed first, and how many at a time: ${DECODER_NAMES.join(", ")}`),
  steps: z.int().positive().max(65_536).optional().describe("denoising steps, at most one forward pass each"),
  temperature: z.number().min(0).max(2).optional().describe("0 is greedy"),
  topP: z.number().gt(0).max(1).optional().describe("nucleus sampling, 1 keeps every token"),
  topK: z.int().positive().optional().describe("draw from this many of the likeliest tokens (default: all)"),
  algTemp: z.number().nonnegative().optional().describe("draw positions instead of taking the surest, also where tokens are greedy"),
  schedule: z.enum(["dream", "even"]).optional().describe("how many tokens each step commits: by Dream's timesteps or evenly"),
  eps: z.number().gt(0).lt(1).optional().describe("last timestep of Dream's schedule"),
  blockLength: z.int().positive().optional().describe("decode in blocks of this many tokens from left to right (default: one block)"),
  cfgScale: z.number().nonnegative().optional().describe("classifier-free guidance, twice the work; 0 is none"),
  threshold: probability.optional().describe("of threshold, hierarchy and editing: probability from which a token is committed (default: 0.9)"),
  lowThreshold: probability.optional().describe("of hierarchy: probability from which the surest of a run of masks is committed (default: 0.5)"),
  factor: z.number().positive().optional().describe("of factor: commit the n surest while (n + 1)(1 - c_n) is below it (default: 1)"),
  entropyBound: z.number().nonnegative().optional().describe("of entropy_bound: entropy of the tokens of a step together, nats (default: 0.1)"),
  eta: probability.optional().describe("how much is masked again"),
  editThreshold: probability.optional().describe("of editing: probability from which another token replaces a revealed one (default: 0.9)"),
  maxPostEdits: z.int().nonnegative().optional().describe("of editing: steps of a block after its last mask (default: 16)"),
  cache: CacheOptionsSchema.optional().describe("keys and values kept from pass to pass: prefix, dual or delayed"),
  seed: z.int().nonnegative().default(0).describe("the same seed gives the same text"),
});

/** How masks are decoded. What is not given comes from the model's generation config; an option that the algorithm does not read is an error. */
export interface DecodingOptions {
  /** Which positions are committed first, and how many at a time: a name of `DECODERS`. @default the model's */
  alg?: string | undefined;
  /** Denoising steps, at most one forward pass each. @default the model's, in proportion to the tokens */
  steps?: number | undefined;
  /** 0 is greedy. @default the model's */
  temperature?: number | undefined;
  /** Nucleus sampling; 1 keeps every token. @default the model's */
  topP?: number | undefined;
  /** Draw from this many of the likeliest tokens. @default all */
  topK?: number | undefined;
  /** Draw positions instead of taking the surest, also where tokens are greedy. @default take the surest */
  algTemp?: number | undefined;
  /** How many tokens each step commits: by Dream's timesteps or evenly. @default "dream" */
  schedule?: "dream" | "even" | undefined;
  /** Last timestep of Dream's schedule. @default 1e-3 */
  eps?: number | undefined;
  /** Decode in blocks of this many tokens from left to right. @default one block */
  blockLength?: number | undefined;
  /** Classifier-free guidance, twice the work; 0 is none. @default 0 */
  cfgScale?: number | undefined;
  /** Of `threshold`, `hierarchy`, `editing`: probability from which a token is committed. @default 0.9 */
  threshold?: number | undefined;
  /** Of `hierarchy`: probability from which the surest of a run of masks is committed. @default 0.5 */
  lowThreshold?: number | undefined;
  /** Of `factor`: commit the n surest while (n + 1)(1 - c_n) is below it. @default 1 */
  factor?: number | undefined;
  /** Of `entropy_bound`: entropy of the tokens of a step together, nats. @default 0.1 */
  entropyBound?: number | undefined;
  /** Of ReMDM's: how much is masked again. @default 0.1 */
  eta?: number | undefined;
  /** Of `editing`: probability from which another token replaces a revealed one. @default 0.9 */
  editThreshold?: number | undefined;
  /** Of `editing`: steps of a block after its last mask. @default 16 */
  maxPostEdits?: number | undefined;
  /** Keys and values kept from pass to pass. @default none, every pass is exact */
  cache?: z.input<typeof CacheOptionsSchema> | undefined;
  /** The same seed gives the same text. @default 0 */
  seed?: number | undefined;
}
