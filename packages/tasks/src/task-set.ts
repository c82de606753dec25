import { createHash } from "node:crypto";
import type { Task, TaskSet } from "./task.ts";

/** What tells made tasks from others: SHA-256 of all that is in them, hexadecimal. */
export function setHash(tasks: readonly Task[]): string {
  return createHash("sha256").update(JSON.stringify(tasks)).digest("hex");
}

/** The tasks of a range of positions, `[from, to)`. */
export function sliceTasks(set: TaskSet, [from, to]: readonly [from: number, to: number]): TaskSet {
  const tasks = set.tasks.slice(from, to);
  return { ...set, tasks, ...(set.isMade === true && { sha256: setHash(tasks) }) };
}
