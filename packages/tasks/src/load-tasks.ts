import { ConfigError, FileError, InvalidArgumentError } from "@diffucoder/core";
import { BENCHMARK_NAMES, type BenchmarkName, BENCHMARKS } from "./benchmarks/catalogue.ts";
import { benchmarkSource } from "./sources/benchmark-source.ts";
import { jsonLines } from "./sources/json-lines.ts";
import type { SourceContext, TaskSelection, TaskSource } from "./sources/source.ts";
import { tinyCode } from "./sources/tiny-code.ts";
import { tinyCodeFull } from "./sources/tiny-code-full.ts";
import { isTrainable, type LeftOut, type TaskSet, type TrainableTask } from "./task.ts";

/** Which tasks to load, and from where. */
export interface LoadTasksOptions extends SourceContext {
  /** A name of `DATASET_NAMES`, or the path of a file of JSON lines, which has a slash or ends in `.jsonl` or `.json`. */
  readonly dataset: string;
  /** Which of its tasks. @default {}, the source's own choice */
  readonly data?: TaskSelection;
}

/** The names that a dataset has; anything with a slash, or that ends in `.jsonl` or `.json`, is a file. */
export const DATASET_NAMES: readonly string[] = ["tinycode", "tinycode-full", ...BENCHMARK_NAMES];

/** Whether a dataset is a file, and not the name of a source. */
export function isTaskFile(dataset: string): boolean {
  return !DATASET_NAMES.includes(dataset) && /[/\\]|\.jsonl?$/.test(dataset);
}

/**
 * Tasks of a source: TinyCode, TinyCode in full, a benchmark or a file.
 *
 * @throws {InvalidArgumentError} for a dataset that is neither a name nor a file, or a split that it does not have
 * @throws {ConfigError} for an option that the source does not use
 * @throws {FileError} if the file is missing, has no task, or does not have the pinned content
 * @throws {UnavailableError} if a benchmark's file is not found and cannot be downloaded
 */
export async function loadTasks({ dataset, data = {}, ...context }: LoadTasksOptions): Promise<TaskSet> {
  const source = sourceOf(dataset);
  const unread = Object.entries(data).filter(([key, value]) => value !== undefined && !(source.options as readonly string[]).includes(key));
  if (unread.length > 0) {
    const problems = unread.map(([key]) => `data.${key}: not used by ${dataset}, which uses ${source.options.join(", ")}`);
    throw new ConfigError({ source: "data", problems });
  }
  return source.load(data, context);
}

/** Tasks that rewards can be made of. */
export interface TrainableTaskSet extends TaskSet {
  /** Those with visible tests. */
  readonly tasks: readonly TrainableTask[];
}

/** Tasks that rewards can be made of; those without visible tests are left out. @throws what `loadTasks` throws, and {FileError} if none is left */
export async function loadTrainingTasks(options: Omit<LoadTasksOptions, "use">): Promise<TrainableTaskSet> {
  const set = await loadTasks({ ...options, use: "training" });
  const tasks = set.tasks.filter(isTrainable);
  const without = set.tasks.filter((task) => !isTrainable(task));
  if (tasks.length === 0) {
    const wayOut = "Hidden tests, and those of a benchmark, are for evaluation alone.";
    throw new FileError({ path: set.name, problem: "has no task with tests that rewards may see", wayOut });
  }
  const leftOut = without.map(({ id }): LeftOut => ({ where: id, reason: "no tests that rewards may see" }));
  return { ...set, tasks, leftOut: [...set.leftOut, ...leftOut] };
}

function sourceOf(dataset: string): TaskSource {
  if (dataset === "tinycode") return tinyCode;
  if (dataset === "tinycode-full") return tinyCodeFull;
  if ((BENCHMARK_NAMES as readonly string[]).includes(dataset)) return benchmarkSource(dataset, BENCHMARKS[dataset as BenchmarkName]);
  if (isTaskFile(dataset)) return jsonLines(dataset);
  throw new InvalidArgumentError({
    argument: "dataset",
    value: dataset,
    expected: `one of ${DATASET_NAMES.join(", ")}, or the path of a file of JSON lines`,
  });
}
