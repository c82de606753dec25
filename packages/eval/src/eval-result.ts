import { FileError, parseConfig, readJsonObject } from "@diffucoder/core";
import { z } from "zod";
import { BENCHMARK_NAMES } from "./benchmarks/catalogue.ts";
import type { Benchmark } from "./benchmarks/problem.ts";
import { POST_PROCESSORS, type PostProcessor } from "./samples/post-process.ts";
import type { LeftOut, Sample } from "./samples/samples-file.ts";
import { LIMITS } from "./scoring/score-program.ts";
import type { SampleScores, SuiteSummary } from "./scoring/score-samples.ts";

/** Where samples came from. */
export type SampleSource =
  | { readonly kind: "file"; readonly path: string; readonly sha256: string }
  | {
      readonly kind: "model";
      readonly dir: string;
      /** Of the checkpoint's weights. */
      readonly sha256: string;
      readonly template: string;
      readonly sampler: Readonly<Record<string, unknown>>;
      readonly seed: number;
      readonly samplesPerTask: number;
    };

/** One set of samples; several in one result are a sweep. */
export interface EvalRun extends SampleScores {
  /** What tells it from the others, e.g. `"temperature 0.2"`. */
  readonly label: string;
  readonly source: SampleSource;
}

/** A score with everything that it takes to get it again: `eval-result.json`. */
export interface EvalResult {
  readonly format: typeof FORMAT;
  readonly dataset: { readonly name: string; readonly title: string; readonly version: string; readonly sha256: string; readonly tasks: number };
  readonly postProcessor: PostProcessor;
  /** Rules by which an output is right. */
  readonly rules: string;
  readonly limits: typeof LIMITS;
  /** How strongly programs were kept apart. */
  readonly sandbox: { readonly level: string; readonly description: string };
  /** Of the bootstrap. */
  readonly seed: number;
  /** The `k` that were asked for. */
  readonly ks: readonly number[];
  readonly runs: readonly EvalRun[];
}

const FORMAT = "diffucoder-eval-1";

const RULES: Readonly<Record<"calls" | "code", string>> = {
  calls: "outputs compared with the reference's outside the sandbox; EvalPlus 0.3.1's tolerances and special cases",
  code: "the benchmark's own test code",
};

/** Puts a result together. */
export function evalResult({
  benchmark,
  postProcessor,
  sandbox,
  seed,
  ks,
  runs,
}: {
  benchmark: Benchmark;
  postProcessor: PostProcessor;
  sandbox: EvalResult["sandbox"];
  seed: number;
  ks: readonly number[];
  runs: readonly EvalRun[];
}): EvalResult {
  const { name, title, version, sha256, problems } = benchmark;
  const dataset = { name, title, version, sha256, tasks: problems.length };
  const rules = RULES[problems[0]?.test.kind ?? "code"];
  return { format: FORMAT, dataset, postProcessor, rules, limits: LIMITS, sandbox: { ...sandbox }, seed, ks, runs };
}

const Rescorable = z.object({
  format: z.literal(FORMAT),
  dataset: z.object({ name: z.enum(BENCHMARK_NAMES as [string, ...string[]]), sha256: z.string() }),
  postProcessor: z.enum(POST_PROCESSORS),
  seed: z.int().nonnegative(),
  ks: z.array(z.int().positive()),
  runs: z
    .array(
      z.object({
        label: z.string(),
        source: z.custom<SampleSource>((value) => typeof value === "object" && value !== null),
        samples: z.array(z.object({ taskId: z.string(), line: z.int(), kind: z.enum(["solution", "completion"]), raw: z.string() })),
        suites: z.custom<SuiteSummary[]>((value) => Array.isArray(value)),
        leftOut: z.array(z.object({ where: z.string(), reason: z.string() })),
      }),
    )
    .min(1),
});

/** What `rescore` needs of a result: its raw generations and what it said of them. */
export interface EarlierResult {
  readonly dataset: { readonly name: string; readonly sha256: string };
  readonly postProcessor: PostProcessor;
  readonly seed: number;
  readonly ks: readonly number[];
  readonly runs: readonly {
    readonly label: string;
    readonly source: SampleSource;
    readonly samples: readonly Sample[];
    readonly suites: readonly SuiteSummary[];
    readonly leftOut: readonly LeftOut[];
  }[];
}

/** Reads a result. @throws {FileError} @throws {ConfigError} naming everything that is not as it should be */
export function readEvalResult(path: string): EarlierResult {
  const data = readJsonObject(path);
  if (data.format !== FORMAT) throw new FileError({ path, problem: `is no result of an evaluation (its format is not ${FORMAT})` });
  const { runs, ...rest } = parseConfig(Rescorable, data, { source: path });
  return {
    ...rest,
    runs: runs.map(({ samples, ...run }) => ({ ...run, samples: samples.map(({ raw, ...sample }) => ({ ...sample, text: raw })) })),
  };
}

/** What two scores of the same samples say differently, a sentence each; empty if nothing. Intervals belong to it. */
export function differences(before: readonly SuiteSummary[], after: readonly SuiteSummary[]): string[] {
  const line = ({ suite, passAtK, verdicts }: SuiteSummary): string =>
    JSON.stringify([suite, passAtK, Object.entries(verdicts).sort(([a], [b]) => (a < b ? -1 : 1))]);
  return before.flatMap((summary) => {
    const other = after.find(({ suite }) => suite === summary.suite);
    if (other === undefined) return [`${summary.suite}: it has no score now`];
    return line(summary) === line(other) ? [] : [`${summary.suite}: ${figures(summary)} then, ${figures(other)} now`];
  });
}

function figures({ passAtK, verdicts }: SuiteSummary): string {
  const shares = passAtK.map(({ k, estimate }) => `pass@${k} ${(estimate * 100).toFixed(2)} %`);
  return [...shares, ...Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`)].join(", ");
}
