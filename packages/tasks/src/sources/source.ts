import type { DataFolders } from "../dataset-file.ts";
import type { Split } from "../tiny-code/splits.ts";
import type { Task, TaskSet } from "../task.ts";

/** Which tasks of a source. Each source says in `options` what it reads. */
export interface TaskSelection {
  /** Part of the source. @default "train" for training, else "test" */
  readonly split?: Split | undefined;
  /** Of TinyCode: share of each tier, 1 to 4. @default { "2": 2, "3": 3 } */
  readonly tiers?: Readonly<Record<string, number>> | undefined;
  /** How many; of a file or a benchmark the first ones. @default all; of TinyCode 200 */
  readonly tasks?: number | undefined;
  /** Of TinyCode: which tasks, and their wording and tests. @default 0 */
  readonly seed?: number | undefined;
}

/** What a source is given besides. */
export interface SourceContext {
  /** What the tasks are for. */
  readonly use: "training" | "evaluation";
  /** Where files lie. */
  readonly folders: DataFolders;
  /** The tasks of an earlier call, of a source that makes its tasks: those are made, and no others. @default the source chooses */
  readonly ids?: readonly string[] | undefined;
  /** Whether a task can be used. A source that makes tasks makes others instead; those of a file are looked at by the caller. @default all can */
  readonly accepts?: ((task: Pick<Task, "id" | "prompt" | "language">) => boolean) | undefined;
}

/** Where tasks come from. */
export interface TaskSource {
  /** The keys of `TaskSelection` that it reads. */
  readonly options: readonly (keyof TaskSelection)[];
  load(selection: TaskSelection, context: SourceContext): Promise<TaskSet>;
}

/** The first so many tasks of a file. */
export function firstTasks(set: TaskSet, count: number | undefined): TaskSet {
  if (count === undefined || count >= set.tasks.length) return set;
  const rest = {
    where: `${set.tasks.length - count} of ${set.tasks.length} tasks`,
    reason: `the first ${count} are used, as the setting tasks says`,
  };
  return { ...set, tasks: set.tasks.slice(0, count), leftOut: [...set.leftOut, rest] };
}
