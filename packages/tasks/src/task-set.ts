import { createHash } from "node:crypto";
import type { Task, TaskSet } from "./task.ts";

/** What identifies made tasks: SHA-256 of their content, hexadecimal. */
export function setHash(tasks: readonly Task[]): string {
  return createHash("sha256").update(JSON.stringify(tasks)).digest("hex");
}

/** The tasks of a range of positions, `[from, to)`. */
export function sliceTasks(set: TaskSet, [from, to]: readonly [from: number, to: number]): TaskSet {
  const tasks = set.tasks.slice(from, to);
  return { ...set, tasks, ...(set.isMade === true && { sha256: setHash(tasks) }) };
}
