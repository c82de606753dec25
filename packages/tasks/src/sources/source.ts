import type { DataFolders } from "../dataset-file.ts";
import type { Style } from "../tiny-code/full/family.ts";
import type { FullSplit } from "../tiny-code/full/places.ts";
import type { Phrasing } from "../tiny-code/full/text.ts";
import type { Split } from "../tiny-code/splits.ts";
import type { Task, TaskSet } from "../task.ts";

/** Which tasks of a source. Each source lists in `options` the keys that it uses. */
export interface TaskSelection {
  /** Part of the source; of `tinycode-full`, `"test"` is its five test sets alike. @default "train" for training, else "test" */
  readonly split?: Split | FullSplit | undefined;
  /** `tinycode-full` only: names of its families. @default all */
  readonly families?: readonly string[] | undefined;
  /** TinyCode only: share of each tier, 1 to 4, or to 5 of `tinycode-full`. @default { "2": 2, "3": 3 }; of `tinycode-full`, every tier of a family alike */
  readonly tiers?: Readonly<Record<string, number>> | undefined;
  /** `tinycode-full` only: the usual sentences and synonyms, or those that training never has. @default "held-out" for test-phrase, else "usual" */
  readonly phrasing?: Phrasing | undefined;
  /** `tinycode-full` only: styles of solutions. @default all */
  readonly styles?: readonly Style[] | undefined;
  /** How many; from a file or a benchmark, the first ones. @default all; 200 of TinyCode */
  readonly tasks?: number | undefined;
  /** TinyCode only: chooses the tasks, their wording and their tests. @default 0 */
  readonly seed?: number | undefined;
}

/** What else a source is given. */
export interface SourceContext {
  /** What the tasks are for. */
  readonly use: "training" | "evaluation";
  /** Where files lie. */
  readonly folders: DataFolders;
  /** Ids of an earlier call's tasks: a source that makes its tasks makes exactly those. @default the source chooses */
  readonly ids?: readonly string[] | undefined;
  /**
   * Whether a task can be used. A source that makes its tasks replaces refused ones; those of a file are for the caller to check. @default all can
   */
  readonly accepts?: ((task: Pick<Task, "id" | "prompt" | "language">) => boolean) | undefined;
}

/** Where tasks come from. */
export interface TaskSource {
  /** The keys of `TaskSelection` that it uses. */
  readonly options: readonly (keyof TaskSelection)[];
  load(selection: TaskSelection, context: SourceContext): Promise<TaskSet>;
}

/** The first `count` tasks of a file. */
export function firstTasks(set: TaskSet, count: number | undefined): TaskSet {
  if (count === undefined || count >= set.tasks.length) return set;
  const rest = {
    where: `${set.tasks.length - count} of ${set.tasks.length} tasks`,
    reason: `only the first ${count} are used, because tasks is ${count}`,
  };
  return { ...set, tasks: set.tasks.slice(0, count), leftOut: [...set.leftOut, rest] };
}
