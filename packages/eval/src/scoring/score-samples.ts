import { AbortedError, type OnProgress, type Random } from "@diffucoder/core";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import type { LeftOut, Task, TaskSet } from "@diffucoder/tasks";
import { type PostProcessor, toProgram } from "../samples/post-process.ts";
import type { DecodingCost, Sample } from "../samples/samples-file.ts";
import { type DecodingFigures, decodingFigures } from "./decoding-figures.ts";
import { isInfrastructure, Judge } from "./judge.ts";
import { withoutLibraries } from "./missing-libraries.ts";
import type { ProgramScore } from "./score-program.ts";
import { summarizeSuites, type SuiteSummary } from "./summarize-suites.ts";

/** A sample with its verdicts. */
export interface ScoredSample {
  /** Id of the task. */
  readonly taskId: string;
  /** Line of the samples file, or number of the generated sample, from 1. */
  readonly line: number;
  /** Whether the text is a whole solution or follows the prompt. */
  readonly kind: Sample["kind"];
  /** As the model wrote it. */
  readonly raw: string;
  /** As it was run. */
  readonly program: string;
  /** How it did. */
  readonly score: ProgramScore;
  /** How it was drawn, if `generate` said so, plain JSON. @default not known */
  readonly trace?: unknown;
  /** What it cost, if `generate` said so. @default not known */
  readonly cost?: DecodingCost;
}

/** The scores of a list of samples. */
export interface SampleScores {
  /** In the order of the samples. */
  readonly samples: readonly ScoredSample[];
  /** One for each suite of the dataset. */
  readonly suites: readonly SuiteSummary[];
  /** What the samples cost, whatever the hardware. @default not known */
  readonly decoding?: DecodingFigures;
  /** What was not scored, and why. */
  readonly leftOut: readonly LeftOut[];
  /** Samples that the sandbox could not run. They lower `n` and do not count as failures of the model. */
  readonly infrastructureFailures: number;
  /** Tasks of the dataset, and those that have a scored sample: only these count. */
  readonly tasks: {
    /** Tasks of the dataset. */
    readonly all: number;
    /** Those that have a scored sample. */
    readonly scored: number;
  };
}

/** What `scoreSamples` works on. */
export interface ScoreSamplesOptions {
  /** The tasks that the samples answer. */
  taskSet: TaskSet;
  /** The samples. */
  samples: readonly Sample[];
  /** How a text becomes code. */
  postProcessor: PostProcessor;
  /** Where programs run. */
  sandbox: Sandbox;
  /** Caches the reference's outputs. */
  cacheFolder: string;
  /** Samples that are scored at the same time. */
  concurrency: number;
  /** For the intervals. */
  random: Random;
  /** @default [1, 10, 100], those for which there are enough samples */
  ks?: readonly number[];
  /** Scores of an earlier, interrupted call, as `onScore` gave them. */
  finished?: ReadonlyMap<string, ProgramScore>;
  /** Called for each new score that says something about its program, so that the caller can keep it. */
  onScore?: (key: string, score: ProgramScore) => void;
  /** Gets the number of samples that are done, whenever a program was run. */
  onProgress?: OnProgress | undefined;
  /** Stops it. */
  signal?: AbortSignal | undefined;
}

const DEFAULT_KS = [1, 10, 100];

/**
 * Runs every sample against its task's tests and estimates pass@k over the tasks that have scored samples.
 *
 * Equal programs of a task run once. A sample that the sandbox could not run is left out and lowers `n`; it does not count as a failure.
 *
 * @throws {AbortedError} when `signal` fires; what `onScore` was given stays valid
 */
export async function scoreSamples(options: ScoreSamplesOptions): Promise<SampleScores> {
  const { taskSet, samples, sandbox, random, ks = DEFAULT_KS } = options;
  const wanted = new Set(samples.map(({ taskId }) => taskId));
  const answered = taskSet.tasks.filter(({ id }) => wanted.has(id));
  const untestable = await withoutLibraries(answered, sandbox);
  const skipped = new Set(untestable.map(({ where }) => where));
  const tasks = new Map(answered.filter(({ id }) => !skipped.has(id)).map((task) => [task.id, task]));
  const judge = new Judge({ ...options, sha256: taskSet.sha256 });

  const scored = await scoreAll(tasks, judge, options);
  const failed = scored.filter(({ score }) => isInfrastructure(score));
  const usable = scored.filter(({ score }) => !isInfrastructure(score));
  const leftOut = [
    ...untestable,
    ...(await judge.leftOut()),
    ...failed.map(({ line, taskId }) => ({ where: `line ${line}`, reason: `the sandbox could not run this sample of ${taskId}` })),
    ...unanswered(taskSet, wanted),
  ];
  return {
    samples: usable,
    suites: summarizeSuites(usable, { random, ks }),
    ...decodingFigures(usable),
    leftOut,
    infrastructureFailures: failed.length,
    tasks: { all: taskSet.tasks.length, scored: new Set(usable.map(({ taskId }) => taskId)).size },
  };
}

/** The samples of these tasks that can be judged, in the order of their lines. */
async function scoreAll(tasks: ReadonlyMap<string, Task>, judge: Judge, options: ScoreSamplesOptions): Promise<ScoredSample[]> {
  const { taskSet, concurrency, signal } = options;
  const open = options.samples.filter(({ taskId }) => tasks.has(taskId));
  const scored: ScoredSample[] = [];
  let [next, done] = [0, 0];
  const work = async (): Promise<void> => {
    while (next < open.length) {
      if (signal?.aborted === true) throw new AbortedError("Scoring");
      const sample = open[next++]!;
      const runs = judge.runs;
      const result = await scoreOne(tasks.get(sample.taskId)!, sample, judge, options);
      if (result !== undefined) scored.push(result);
      done++;
      if (judge.runs > runs) options.onProgress?.({ phase: `score ${taskSet.title}`, step: done, total: open.length });
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, open.length) }, work));
  return scored.toSorted((a, b) => a.line - b.line);
}

/** @returns undefined if no program of the task can be judged here */
async function scoreOne(task: Task, sample: Sample, judge: Judge, options: ScoreSamplesOptions): Promise<ScoredSample | undefined> {
  const reference = await judge.reference(task);
  if (!reference.isUsable) return undefined;
  const program = await toProgram(task, sample, options);
  const { taskId, line, kind, text: raw, trace, cost } = sample;
  const score = await judge.score(task, program, reference);
  return { taskId, line, kind, raw, program, score, ...(trace !== undefined && { trace }), ...(cost && { cost }) };
}

function unanswered({ tasks }: TaskSet, wanted: ReadonlySet<string>): LeftOut[] {
  const missing = tasks.filter(({ id }) => !wanted.has(id)).map(({ id }) => id);
  if (missing.length === 0) return [];
  return [{ where: `${missing.length} of ${tasks.length} tasks`, reason: `no samples: ${listed(missing)}` }];
}

function listed(names: readonly string[]): string {
  return names.length <= 8 ? names.join(", ") : `${names.slice(0, 8).join(", ")}, ...`;
}
