import { createHash } from "node:crypto";
import { basename } from "node:path";
import { FileError, readBytes } from "@diffucoder/core";
import type { LeftOut, Task } from "../task.ts";
import type { TaskLine } from "../task-line.ts";
import { readTaskLines } from "../task-lines.ts";
import { firstTasks, type TaskSource } from "./source.ts";

/** Lines that a message names. */
const NAMED = 3;

/** A file of JSON lines, in the form of docs/task-format.md. A line that is not a task is left out and reported by its number. */
export function jsonLines(path: string): TaskSource {
  return {
    options: ["tasks"],
    load: async ({ tasks: count }) => {
      const file = readBytes(path);
      const { lines, leftOut } = readTaskLines(file);
      const tasks: Task[] = [];
      const unusable: LeftOut[] = [...leftOut];
      const ids = new Set<string>();
      for (const line of lines) {
        const { prompt } = line.task;
        if (prompt === undefined) unusable.push({ where: `line ${line.line}`, reason: "prompt: a task needs one" });
        else if (ids.has(line.task.id)) unusable.push(sameId(line));
        else tasks.push({ ...line.task, prompt });
        ids.add(line.task.id);
      }
      if (tasks.length === 0) throw new FileError({ path, problem: nothingIn(unusable), wayOut: "docs/task-format.md shows the format." });
      const sha256 = createHash("sha256").update(file).digest("hex");
      return firstTasks({ name: path, title: basename(path), version: "", sha256, tasks, leftOut: unusable, template: "chat" }, count);
    },
  };
}

/** `1` and `"1"` are two ids of lines, but one of tasks. */
function sameId({ line, task }: TaskLine): LeftOut {
  return { where: `line ${line}`, reason: `another line already has the id ${JSON.stringify(task.id)}` };
}

function nothingIn(leftOut: readonly LeftOut[]): string {
  if (leftOut.length === 0) return "has no task";
  const more = leftOut.length > NAMED ? `; and ${leftOut.length - NAMED} more` : "";
  const named = leftOut.slice(0, NAMED).map(({ where, reason }) => `${where}: ${reason}`);
  return `has no usable task: ${named.join("; ")}${more}`;
}
