import { AbortedError, InvalidArgumentError, type OnProgress, type Random } from "@diffucoder/core";
import { estimatePassAtK, type Interval } from "./bootstrap.ts";

/** One completion to draw. */
export interface SampleRequest<Task> {
  /** The task to be answered. */
  readonly task: Task;
  /** Which of the task's samples, from 0. */
  readonly sampleIndex: number;
  /** The stream of this sample alone: it depends on the task's id and `sampleIndex`, not on the batch. */
  readonly random: Random;
}

/** What the model wrote, and if wanted how it was revealed. */
export interface GeneratedSample<Trace> {
  /** What the model wrote. */
  readonly text: string;
  /** How it was revealed. */
  readonly trace?: Trace;
}

/** How one completion did; `passed` means every test. */
export interface SampleScore<Verdict> {
  /** Whether it passed every test. */
  readonly passed: boolean;
  /** One for each test. */
  readonly verdicts: readonly Verdict[];
}

/** A scored completion. `passed` is `null` if it could not be scored: an infrastructure failure, not a wrong answer. */
export interface SampleResult<Verdict, Trace> {
  /** What was drawn. */
  readonly text: string;
  /** Whether it passed every test; `null` where the infrastructure failed. */
  readonly passed: boolean | null;
  /** One for each test. */
  readonly verdicts: readonly Verdict[];
  /** How it was drawn, if `generate` says so. */
  readonly trace?: Trace;
}

/** All samples of one task. Plain JSON if `Verdict` and `Trace` are. */
export interface TaskResult<Verdict = unknown, Trace = unknown> {
  /** Id of the task. */
  readonly taskId: string;
  /** Samples that were scored; those with an infrastructure failure are not among them. */
  readonly n: number;
  /** Samples that passed every test. */
  readonly c: number;
  /** Its samples, in the order in which they were drawn. */
  readonly samples: readonly SampleResult<Verdict, Trace>[];
}

/** pass@k over the tasks with at least `k` scored samples; `tasks` says how many those are. */
export interface PassAtKSummary {
  /** Samples of which one has to pass. */
  readonly k: number;
  /** Unbiased estimate of pass@k. */
  readonly estimate: number;
  /** By bootstrap over tasks. */
  readonly interval95: Interval;
  /** Tasks with at least `k` samples. */
  readonly tasks: number;
}

/** Results of all tasks, and what follows from them. */
export interface Evaluation<Verdict = unknown, Trace = unknown> {
  /** In the order of `tasks`. */
  readonly results: readonly TaskResult<Verdict, Trace>[];
  /** One entry per requested `k`, absent for a `k` that no task has enough scored samples for. */
  readonly passAtK: readonly PassAtKSummary[];
  /** Samples that could not be scored. They lower `n`, never `c / n`. */
  readonly infrastructureFailures: number;
}

/** What `evaluateTasks` works on. */
export interface EvaluateTasksOptions<Task extends { readonly id: string }, Verdict, Trace> {
  /** With distinct ids. */
  tasks: readonly Task[];
  /** Completions drawn for each task. */
  samplesPerTask: number;
  /** Completions asked of `generate` at once. Does not change the results, only the speed and the memory. */
  batchSize: number;
  /** Draws one completion per request, in order. */
  generate: (requests: readonly SampleRequest<Task>[]) => Promise<readonly GeneratedSample<Trace>[]>;
  /** Scores completions, one entry each, in order; `null` where the infrastructure failed. */
  score: (completions: readonly string[], tasks: readonly Task[]) => Promise<readonly (SampleScore<Verdict> | null)[]>;
  /** Every sample draws from a stream of its own that is split from it. */
  random: Random;
  /** The `k` of the summary. @default [1, samplesPerTask] */
  ks?: readonly number[];
  /** Results of an earlier, interrupted call: their tasks are not drawn again if they have `samplesPerTask` samples. */
  finished?: readonly TaskResult<Verdict, Trace>[];
  /** Called once for each task as it becomes complete, so that the caller can persist it and pass it as `finished`. */
  onTask?: (result: TaskResult<Verdict, Trace>) => void;
  /** Told of the samples that are done. */
  onProgress?: OnProgress;
  /** Named in the progress events. @default "evaluate" */
  phase?: string;
  /** Stops it between batches. */
  signal?: AbortSignal;
}

/**
 * Draws `samplesPerTask` completions of every task, scores them, and estimates pass@k.
 *
 * Every sample draws from `random.split("sample", task.id, sampleIndex)`, so the result depends neither on the batch
 * size nor on which tasks were already finished. Give `before` and `after` the same `random` to pair them.
 *
 * @throws {InvalidArgumentError} if an id occurs twice, a count is not a positive integer, a `k` exceeds
 *   `samplesPerTask`, or `generate` or `score` returns a list of the wrong length
 * @throws {AbortedError} between batches, once `signal` is aborted
 */
export async function evaluateTasks<Task extends { readonly id: string }, Verdict = unknown, Trace = never>(
  options: EvaluateTasksOptions<Task, Verdict, Trace>,
): Promise<Evaluation<Verdict, Trace>> {
  const { tasks, samplesPerTask, batchSize, random, finished = [], phase = "evaluate" } = options;
  const ks = options.ks ?? [...new Set([1, samplesPerTask])];
  check(tasks, { samplesPerTask, batchSize, ks });

  const wanted = new Set(tasks.map((task) => task.id));
  const usable = finished.filter(({ taskId, samples }) => wanted.has(taskId) && samples.length === samplesPerTask);
  const done = new Map(usable.map((result) => [result.taskId, result]));
  const open = new Map<string, SampleResult<Verdict, Trace>[]>();
  const requests = tasks
    .filter((task) => !done.has(task.id))
    .flatMap((task) => Array.from({ length: samplesPerTask }, (_, sampleIndex) => ({ task, sampleIndex })));

  const total = tasks.length * samplesPerTask;
  const already = total - requests.length;
  let [passed, scored] = [0, 0];
  for (const { n, c } of done.values()) [passed, scored] = [passed + c, scored + n];
  for (let start = 0; start < requests.length; start += batchSize) {
    if (options.signal?.aborted) throw new AbortedError(phase);
    const batch = requests
      .slice(start, start + batchSize)
      .map((request) => ({ ...request, random: random.split("sample", request.task.id, request.sampleIndex) }));
    const results = await runBatch(batch, options);
    for (const [i, { task }] of batch.entries()) {
      const samples = open.get(task.id) ?? [];
      open.set(task.id, samples);
      samples.push(results[i] as SampleResult<Verdict, Trace>);
      if (samples.length < samplesPerTask) continue;
      const result = toTaskResult(task.id, samples);
      open.delete(task.id);
      done.set(task.id, result);
      options.onTask?.(result);
    }
    passed += results.filter((result) => result.passed === true).length;
    scored += results.filter((result) => result.passed !== null).length;
    options.onProgress?.({ phase, step: already + start + batch.length, total, metrics: scored === 0 ? {} : { passRate: passed / scored } });
  }
  return summarize(
    tasks.map((task) => done.get(task.id) as TaskResult<Verdict, Trace>),
    { ks, random },
  );
}

/**
 * pass@k, with intervals, of results that are already there, e.g. read from a file.
 *
 * @param ks those for which no task has `k` scored samples are left out
 */
export function summarize<Verdict, Trace>(
  results: readonly TaskResult<Verdict, Trace>[],
  {
    ks,
    random,
  }: {
    /** The `k` of pass@k, positive integers. */
    ks: readonly number[];
    /** Stream of the bootstrap. */
    random: Random;
  },
): Evaluation<Verdict, Trace> {
  const passAtK: PassAtKSummary[] = [];
  for (const k of ks) {
    const counts = results.filter((result) => result.n >= k);
    if (counts.length > 0) passAtK.push({ k, ...estimatePassAtK(counts, k, { random: random.split("bootstrap", k) }), tasks: counts.length });
  }
  return { results, passAtK, infrastructureFailures: results.reduce((sum, { samples, n }) => sum + samples.length - n, 0) };
}

async function runBatch<Task extends { readonly id: string }, Verdict, Trace>(
  batch: readonly SampleRequest<Task>[],
  { generate, score }: EvaluateTasksOptions<Task, Verdict, Trace>,
): Promise<SampleResult<Verdict, Trace>[]> {
  const generated = await generate(batch);
  checkLength("what generate returns", generated, batch.length);
  const scores = await score(
    generated.map((sample) => sample.text),
    batch.map((request) => request.task),
  );
  checkLength("what score returns", scores, batch.length);
  return generated.map(({ text, trace }, i) => {
    const outcome = scores[i] ?? null;
    const extra = trace === undefined ? {} : { trace };
    return { text, passed: outcome === null ? null : outcome.passed, verdicts: outcome === null ? [] : outcome.verdicts, ...extra };
  });
}

function toTaskResult<Verdict, Trace>(taskId: string, samples: readonly SampleResult<Verdict, Trace>[]): TaskResult<Verdict, Trace> {
  return {
    taskId,
    n: samples.filter((sample) => sample.passed !== null).length,
    c: samples.filter((sample) => sample.passed === true).length,
    samples,
  };
}

function check(
  tasks: readonly { readonly id: string }[],
  { samplesPerTask, batchSize, ks }: { samplesPerTask: number; batchSize: number; ks: readonly number[] },
): void {
  for (const [argument, value] of Object.entries({ samplesPerTask, batchSize })) {
    if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError({ argument, value, expected: "a positive integer" });
  }
  for (const k of ks) {
    if (!Number.isSafeInteger(k) || k < 1 || k > samplesPerTask) {
      throw new InvalidArgumentError({ argument: "ks", value: ks, expected: `integers from 1 to samplesPerTask (${samplesPerTask})` });
    }
  }
  if (tasks.length === 0) throw new InvalidArgumentError({ argument: "tasks", value: tasks, expected: "at least one task" });
  const seen = new Set<string>();
  for (const { id } of tasks) {
    if (seen.has(id)) throw new InvalidArgumentError({ argument: "tasks", value: id, expected: "tasks with distinct ids" });
    seen.add(id);
  }
}

function checkLength(argument: string, list: readonly unknown[], expected: number): void {
  if (list.length !== expected) throw new InvalidArgumentError({ argument, value: list.length, expected: `a list of ${expected}, one per sample` });
}
