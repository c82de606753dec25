import { BENCHMARK_NAMES, type BenchmarkName } from "@diffucoder/tasks";
import { z } from "zod";

/** What `process-data` keeps. */
export interface ProcessDataConfig {
  /** Whether a line whose text an earlier line has, but for white space, is left out. @default true */
  deduplicate: boolean;
  /** Fewest tokens of a line's text: prompt and response, or prompt and solution. @default 1 */
  minTokens: number;
  /** Most tokens of a line's text. @default no limit */
  maxTokens?: number | undefined;
  /** Lines with 12 words in a row of one of these are left out. @default humaneval, mbpp */
  benchmarks: BenchmarkName[];
  /** Of tasks, with a judge: which are hard enough, and not hopeless. */
  difficulty: DifficultyConfig;
  /** Of the samples. @default 0 */
  seed: number;
}

/** AceCoder's filter. */
export interface DifficultyConfig {
  /** Samples that each judge draws for a task. @default 8 */
  samplesPerTask: number;
  /** Their temperature. @default 1 */
  temperature: number;
  /** Samples drawn at once. Changes speed and memory, not the result. @default 64 */
  batchSize: number;
  /** A task stays if its mean pass rate is at most this percentile of all. @default 20 */
  meanPercentile: number;
  /** A task stays if the standard deviation of its pass rates is at least this percentile of all. @default 40 */
  stdPercentile: number;
}

const percentile = z.number().min(0).max(100);

/** `ProcessDataConfig` as settings. */
export const ProcessDataConfigSchema = z
  .strictObject({
    deduplicate: z.boolean().default(true).describe("leave out a line whose text an earlier line has, but for white space"),
    minTokens: z.int().positive().default(1).describe("fewest tokens of a line's text"),
    maxTokens: z.int().positive().optional().describe("most tokens of a line's text (default: no limit)"),
    benchmarks: z
      .array(z.enum(BENCHMARK_NAMES))
      .default(["humaneval", "mbpp"])
      .describe("leave out lines with 12 words in a row of a prompt or solution of these; [] for none"),
    difficulty: z
      .strictObject({
        samplesPerTask: z.int().min(2).default(8).describe("samples that each judge draws for a task"),
        temperature: z.number().positive().max(2).default(1).describe("temperature of the samples"),
        batchSize: z.int().positive().default(64).describe("samples drawn at once; changes the speed, not the result"),
        meanPercentile: percentile.default(20).describe("a task stays if its mean pass rate is at most this percentile of all"),
        stdPercentile: percentile.default(40).describe("a task stays if the standard deviation of its pass rates is at least this percentile of all"),
      })
      .prefault({})
      .describe("of tasks, with --judge"),
    seed: z.int().nonnegative().default(0).describe("seed of the samples"),
  })
  .refine(({ minTokens, maxTokens }) => maxTokens === undefined || minTokens <= maxTokens, {
    path: ["maxTokens"],
    error: "must be at least minTokens",
  }) satisfies z.ZodType<ProcessDataConfig>;
