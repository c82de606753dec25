// As many tokens in each step as can be decided together, by one of four rules: see `../selection/parallel.ts`. With blocks,
// this is Fast-dLLM's decoder (arXiv 2505.22618).
// Differs: 1. rows of a batch are at their own blocks, and each goes on to its next one alone; 2. a shifted model needs no
// forced first token in a block, since its logits come from the column before the block.
import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import type { ConfidenceName, TokenSampling } from "../options.ts";
import { aboveThreshold, hierarchical, withinEntropyBound, withinFactor } from "../selection/parallel.ts";
import type { Candidates, Decoder } from "./decoder.ts";
import { revealDecoder } from "./reveal.ts";

const probability = z.number().min(0).max(1);
const common = {
  blockLength: z.int().positive().optional().describe("columns of a block; absent: one block"),
  temperature: z.number().nonnegative().default(0).describe("0 is greedy"),
  topP: z.number().gt(0).max(1).optional().describe("nucleus sampling"),
  topK: z.int().positive().optional(),
};

interface CommonOptions extends TokenSampling {
  /** Columns of a block. @default one block */
  blockLength?: number | undefined;
}

interface ThresholdOptions extends CommonOptions {
  /** Those that reach a probability, and the surest in any case. */
  rule: "threshold";
  /** Probability from which a token is committed, in [0, 1]. @default 0.9 */
  threshold?: number | undefined;
}

interface FactorOptions extends CommonOptions {
  /** The n surest, for the largest n with (n + 1)(1 - c_n) < factor; c_n is the probability of the n-th. */
  rule: "factor";
  /** Above 0; larger commits more. @default 1 */
  factor?: number | undefined;
}

interface EntropyBoundOptions extends CommonOptions {
  /** By rising entropy, as many as keep the sum of their entropies without the largest within a bound. */
  rule: "entropy_bound";
  /** Nats, from 0. @default 0.1 */
  entropyBound?: number | undefined;
}

interface HierarchyOptions extends CommonOptions {
  /** Those that reach a probability, and the surest of each run of masks from a lower one. */
  rule: "hierarchy";
  /** Probability from which a token is committed, in [0, 1]. @default 0.9 */
  threshold?: number | undefined;
  /** Probability from which the surest of a run of masks is committed, in [0, 1]. @default 0.5 */
  lowThreshold?: number | undefined;
}

/** Which tokens of a step are committed together, by `rule`, and how they are drawn. */
export type ParallelOptions = ThresholdOptions | FactorOptions | EntropyBoundOptions | HierarchyOptions;

/** Options of `parallelDecoder`. Unknown keys fail. */
export const ParallelOptionsSchema = z.discriminatedUnion("rule", [
  z.strictObject({
    ...common,
    rule: z.literal("threshold"),
    threshold: probability.default(0.9).describe("probability from which a token is committed"),
  }),
  z.strictObject({
    ...common,
    rule: z.literal("factor"),
    factor: z.number().positive().default(1).describe("the n surest are, if (n + 1)(1 - c_n) < factor"),
  }),
  z.strictObject({
    ...common,
    rule: z.literal("entropy_bound"),
    entropyBound: z.number().nonnegative().default(0.1).describe("of a step's tokens together, nats"),
  }),
  z.strictObject({
    ...common,
    rule: z.literal("hierarchy"),
    threshold: probability.default(0.9).describe("probability from which a token is committed"),
    lowThreshold: probability.default(0.5).describe("probability from which the surest of a run of masks is committed"),
  }),
]) satisfies z.ZodType<unknown, ParallelOptions>;

/**
 * Commits as many tokens in each step as can be decided together, by one of four rules; at least one.
 *
 * @throws {ConfigError} naming every bad option
 */
export function parallelDecoder(options: ParallelOptions): Decoder {
  const parsed = parseConfig(ParallelOptionsSchema, options, { source: "parallelDecoder options" });
  const { temperature, topP, topK, blockLength } = parsed;
  const confidence: ConfidenceName = parsed.rule === "entropy_bound" ? "entropy" : "low_confidence";
  return revealDecoder({
    draw: { temperature, topP, topK, confidence },
    blockLength,
    // Each step commits at least one token.
    rule: { maxSteps: ({ maskCount }) => maskCount, choose: (candidates) => choose(candidates, parsed) },
  });
}

function choose(candidates: Candidates, options: z.output<typeof ParallelOptionsSchema>): number[] {
  switch (options.rule) {
    case "threshold":
      return aboveThreshold(candidates.confidence, options.threshold);
    case "factor":
      return withinFactor(candidates.confidence, options.factor);
    case "entropy_bound":
      return withinEntropyBound(candidates.entropy, options.entropyBound);
    case "hierarchy":
      return hierarchical(candidates, options);
  }
}
