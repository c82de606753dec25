// As many tokens in each step as can be decided together, by one of four rules: see `../selection/parallel.ts`. With blocks,
// this is Fast-dLLM's decoder (arXiv 2505.22618).
// Differs: 1. rows of a batch are at their own blocks, and each goes on to its next one alone; 2. a shifted model needs no
// forced first token in a block, since its logits come from the column before the block.
import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import type { ConfidenceName, TokenSampling } from "../options.ts";
import { aboveThreshold, hierarchical, withinEntropyBound, withinFactor } from "../selection/parallel.ts";
import { blockLength, threshold, tokenSampling } from "../shared-options.ts";
import type { Candidates, Decoder } from "./decoder.ts";
import { revealDecoder } from "./reveal.ts";

const common = { blockLength, ...tokenSampling };

export interface CommonOptions extends TokenSampling {
  /** Columns of a block. @default one block */
  blockLength?: number | undefined;
}

export interface ThresholdOptions extends CommonOptions {
  /** Those that reach a probability, and the surest in any case. */
  rule: "threshold";
  /** Probability from which a token is committed, in [0, 1]. @default 0.9 */
  threshold?: number | undefined;
}

export interface FactorOptions extends CommonOptions {
  /** The n surest, for the largest n with (n + 1)(1 - c_n) < factor; c_n is the probability of the n-th. */
  rule: "factor";
  /** Above 0; larger commits more. @default 1 */
  factor?: number | undefined;
}

export interface EntropyBoundOptions extends CommonOptions {
  /** By rising entropy, as many as keep the sum of their entropies without the largest within a bound. */
  rule: "entropy_bound";
  /** Nats, from 0. @default 0.1 */
  entropyBound?: number | undefined;
}

export interface HierarchyOptions extends CommonOptions {
  /** Those that reach a probability, and the surest of each run of masks from a lower one. */
  rule: "hierarchy";
  /** Probability from which a token is committed, in [0, 1]. @default 0.9 */
  threshold?: number | undefined;
  /** Probability from which the surest of a run of masks is committed, in [0, 1]. @default 0.5 */
  lowThreshold?: number | undefined;
}

/** Which tokens of a step are committed together, by `rule`, and how they are drawn. */
export type ParallelOptions = ThresholdOptions | FactorOptions | EntropyBoundOptions | HierarchyOptions;

const ruleOptions = {
  threshold: z.strictObject({ ...common, threshold }),
  factor: z.strictObject({
    ...common,
    factor: z.number().positive().describe("commit the n surest while (n + 1)(1 - c_n) is below it").default(1),
  }),
  entropy_bound: z.strictObject({
    ...common,
    entropyBound: z.number().nonnegative().describe("entropy of the tokens of a step together, nats").default(0.1),
  }),
  hierarchy: z.strictObject({
    ...common,
    threshold,
    lowThreshold: z.number().min(0).max(1).describe("probability from which the surest of a run of masks is committed").default(0.5),
  }),
};

/** Options of `parallelDecoder`. Unknown keys fail. */
export const ParallelOptionsSchema = z.discriminatedUnion("rule", [
  ruleOptions.threshold.extend({ rule: z.literal("threshold") }),
  ruleOptions.factor.extend({ rule: z.literal("factor") }),
  ruleOptions.entropy_bound.extend({ rule: z.literal("entropy_bound") }),
  ruleOptions.hierarchy.extend({ rule: z.literal("hierarchy") }),
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

export const parallelDecoders = {
  threshold: {
    about: "every token that reaches a probability, and the surest",
    options: ruleOptions.threshold,
    make: (options: Omit<ThresholdOptions, "rule">) => parallelDecoder({ ...options, rule: "threshold" }),
  },
  factor: {
    about: "the n surest tokens, for the largest n with (n + 1)(1 - c_n) below factor",
    options: ruleOptions.factor,
    make: (options: Omit<FactorOptions, "rule">) => parallelDecoder({ ...options, rule: "factor" }),
  },
  entropy_bound: {
    about: "the tokens of the lowest entropies, as many as stay within a bound together",
    options: ruleOptions.entropy_bound,
    make: (options: Omit<EntropyBoundOptions, "rule">) => parallelDecoder({ ...options, rule: "entropy_bound" }),
  },
  hierarchy: {
    about: "every token that reaches a probability, and the surest of each run of masks from a lower one",
    options: ruleOptions.hierarchy,
    make: (options: Omit<HierarchyOptions, "rule">) => parallelDecoder({ ...options, rule: "hierarchy" }),
  },
};

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
