import { createHash } from "node:crypto";
import { AbortedError, type OnProgress, type Random } from "@diffucoder/core";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import type { Benchmark, Problem } from "../benchmarks/problem.ts";
import { estimatePassAtK } from "../bootstrap.ts";
import type { PassAtKSummary } from "../evaluate-tasks.ts";
import { type PostProcessor, toProgram } from "../samples/post-process.ts";
import type { LeftOut, Sample } from "../samples/samples-file.ts";
import { missingLibraries } from "./libraries.ts";
import { type ReferenceCases, referenceCases } from "./reference-outputs.ts";
import { referenceVerdict } from "./reference-verdict.ts";
import { type ProgramScore, scoreProgram } from "./score-program.ts";

/** A sample with its verdicts. */
export interface ScoredSample {
  /** Id of the task. */
  readonly taskId: string;
  /** Line of the samples file, or number of the generated sample, from 1. */
  readonly line: number;
  /** Whether the text is a whole solution or goes behind the prompt. */
  readonly kind: Sample["kind"];
  /** As the model wrote it. */
  readonly raw: string;
  /** As it was run. */
  readonly program: string;
  /** How it did. */
  readonly score: ProgramScore;
}

/** pass@k of one suite: `base` tests, or `plus`, which is base and plus tests together. */
export interface SuiteSummary {
  /** `"base"`, or `"plus"` for base and plus tests together. */
  readonly suite: "base" | "plus";
  /** One for each `k`. */
  readonly passAtK: readonly PassAtKSummary[];
  /** Samples by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
}

/** What came of a list of samples. */
export interface SampleScores {
  /** In the order in which they came. */
  readonly samples: readonly ScoredSample[];
  /** One for each suite of the benchmark. */
  readonly suites: readonly SuiteSummary[];
  /** What was not scored, and why. */
  readonly leftOut: readonly LeftOut[];
  /** Tasks of the benchmark, and those that have a scored sample: the others count nowhere. */
  readonly tasks: {
    /** Tasks of the benchmark. */
    readonly all: number;
    /** Those that have a scored sample. */
    readonly scored: number;
  };
}

/** What `scoreSamples` works on. */
export interface ScoreSamplesOptions {
  /** Whose tasks they are. */
  benchmark: Benchmark;
  /** What is scored. */
  samples: readonly Sample[];
  /** How a text becomes code. */
  postProcessor: PostProcessor;
  /** Where programs run. */
  sandbox: Sandbox;
  /** Keeps the reference's outputs. */
  cacheFolder: string;
  /** Samples that are scored at the same time. */
  concurrency: number;
  /** For the intervals. */
  random: Random;
  /** @default [1, 10, 100], those for which there are enough samples */
  ks?: readonly number[];
  /** Scores of an earlier, interrupted call, by `programKey`. */
  finished?: ReadonlyMap<string, ProgramScore>;
  /** Called for each new score that says something about its program, so that the caller can keep it. */
  onScore?: (key: string, score: ProgramScore) => void;
  /** Told of the samples that are done. */
  onProgress?: OnProgress | undefined;
  /** Stops it. */
  signal?: AbortSignal | undefined;
}

const DEFAULT_KS = [1, 10, 100];

/** What a score belongs to: a task and a program. */
export function programKey(taskId: string, program: string): string {
  return createHash("sha256").update(`${taskId}\0${program}`).digest("hex").slice(0, 32);
}

/**
 * Runs every sample against its task's tests and estimates pass@k over the tasks that have scored samples.
 *
 * Equal programs of a task run once. A sample that the sandbox could not run is left out and lowers `n`; it is no failure.
 *
 * @throws {AbortedError} when `signal` fires; what `onScore` was given stays valid
 */
export async function scoreSamples(options: ScoreSamplesOptions): Promise<SampleScores> {
  const { benchmark, samples, postProcessor, sandbox, concurrency, signal } = options;
  const wanted = new Set(samples.map(({ taskId }) => taskId));
  const problems = new Map(benchmark.problems.filter(({ id }) => wanted.has(id)).map((problem) => [problem.id, problem]));
  const leftOut = await untestable([...problems.values()], sandbox);
  for (const { where } of leftOut) problems.delete(where);

  const references = new Map<string, Promise<ReferenceCases>>();
  const scores = new Map<string, Promise<ProgramScore>>();
  const referenceOf = (problem: Problem): Promise<ReferenceCases> => {
    const { id, test } = problem;
    const common = { sandbox, sha256: benchmark.sha256, cacheFolder: options.cacheFolder };
    const reference = references.get(id) ?? (test.kind === "calls" ? referenceCases(problem, test, common) : referenceVerdict(problem, test, common));
    references.set(id, reference);
    return reference;
  };
  const scoreOf = (problem: Problem, program: string, reference: ReferenceCases): Promise<ProgramScore> => {
    const key = programKey(problem.id, program);
    const score = scores.get(key) ?? newScore(problem, program, { key, reference });
    scores.set(key, score);
    return score;
  };
  const newScore = async (
    problem: Problem,
    program: string,
    { key, reference }: { key: string; reference: ReferenceCases },
  ): Promise<ProgramScore> => {
    const kept = options.finished?.get(key);
    if (kept !== undefined) return kept;
    const score = await scoreProgram(problem, program, { sandbox, reference, signal });
    if (!isInfrastructure(score)) options.onScore?.(key, score);
    return score;
  };

  const scored: ScoredSample[] = [];
  const open = samples.filter(({ taskId }) => problems.has(taskId));
  let [next, done] = [0, 0];
  const work = async (): Promise<void> => {
    while (next < open.length) {
      if (signal?.aborted === true) throw new AbortedError("Scoring");
      const sample = open[next++] as Sample;
      const problem = problems.get(sample.taskId) as Problem;
      const reference = await referenceOf(problem);
      if (reference.isUsable) {
        const program = await toProgram(problem, sample, { postProcessor, sandbox, signal });
        const score = await scoreOf(problem, program, reference);
        const { taskId, line, kind, text: raw } = sample;
        scored.push({ taskId, line, kind, raw, program, score });
      }
      options.onProgress?.({ phase: `score ${benchmark.name}`, step: ++done, total: open.length });
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, open.length) }, work));
  scored.sort((a, b) => a.line - b.line);

  for (const [taskId, reference] of references) leftOut.push(...(await reference).leftOut.map((reason) => ({ where: taskId, reason })));
  for (const { line, taskId, score } of scored) {
    if (isInfrastructure(score)) leftOut.push({ where: `line ${line}`, reason: `the sandbox could not run this sample of ${taskId}` });
  }
  const usable = scored.filter(({ score }) => !isInfrastructure(score));
  const missing = benchmark.problems.filter(({ id }) => !wanted.has(id)).map(({ id }) => id);
  if (missing.length > 0)
    leftOut.push({ where: `${missing.length} of ${benchmark.problems.length} tasks`, reason: `no samples: ${listed(missing)}` });
  return {
    samples: usable,
    suites: summarizeSuites(usable, options),
    leftOut,
    tasks: { all: benchmark.problems.length, scored: new Set(usable.map(({ taskId }) => taskId)).size },
  };
}

function isInfrastructure({ base, plus }: ProgramScore): boolean {
  return base.verdict === "infrastructure" || plus?.verdict === "infrastructure";
}

/** Tasks whose libraries are absent. */
async function untestable(problems: readonly Problem[], sandbox: Sandbox): Promise<LeftOut[]> {
  const libraries = problems.flatMap(({ test }) => (test.kind === "code" ? test.libraries : []));
  if (libraries.length === 0) return [];
  const missing = await missingLibraries(libraries, sandbox);
  const tasksOf = new Map<string, number>();
  const leftOut = problems.flatMap(({ id, test }): LeftOut[] => {
    const absent =
      test.kind === "code" ? test.libraries.map((library) => library.split(".")[0] as string).filter((library) => missing.has(library)) : [];
    for (const library of new Set(absent)) tasksOf.set(library, (tasksOf.get(library) ?? 0) + 1);
    return absent.length === 0 ? [] : [{ where: id, reason: `the sandbox's Python cannot import ${absent.join(", ")}` }];
  });
  if (leftOut.length < 2) return leftOut;
  const counts = [...tasksOf].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([library, count]) => `${library} (${count})`);
  const summary = { where: `${leftOut.length} of ${problems.length} tasks`, reason: `the sandbox's Python cannot import ${counts.join(", ")}` };
  return [summary, ...leftOut];
}

function summarizeSuites(samples: readonly ScoredSample[], { random, ks = DEFAULT_KS }: ScoreSamplesOptions): SuiteSummary[] {
  const suites = samples.some(({ score }) => score.plus !== undefined) ? (["base", "plus"] as const) : (["base"] as const);
  return suites.map((suite) => {
    const counts = new Map<string, { n: number; c: number }>();
    const verdicts: Record<string, number> = {};
    for (const { taskId, score } of samples) {
      const { verdict } = (suite === "base" ? score.base : score.plus) ?? score.base;
      verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
      const { n, c } = counts.get(taskId) ?? { n: 0, c: 0 };
      counts.set(taskId, { n: n + 1, c: verdict === "pass" ? c + 1 : c });
    }
    const passAtK = ks.flatMap((k) => {
      const enough = [...counts.values()].filter(({ n }) => n >= k);
      return enough.length === 0 ? [] : [{ k, ...estimatePassAtK(enough, k, { random: random.split(suite, k) }), tasks: enough.length }];
    });
    return { suite, passAtK, verdicts };
  });
}

function listed(names: readonly string[]): string {
  return names.length <= 8 ? names.join(", ") : `${names.slice(0, 8).join(", ")}, ...`;
}
