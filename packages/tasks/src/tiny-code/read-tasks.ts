import { FileError, parseConfig, readJsonLines } from "@diffucoder/core";
import { type CodeTask, CodeTaskSchema } from "./tasks.ts";

/**
 * Reads tasks from a file of JSON lines, in the form of `CodeTaskSchema`: `id`, `prompt`, `entry_point`, and `tests` or `hidden_tests`.
 *
 * @throws {FileError} naming the first line that is not JSON or not a task, with every problem of that line; if an id occurs twice; if there
 *   is no task
 */
export function readTasks(
  path: string,
  {
    parse,
  }: {
    /** Reads a line. `JSON.parse` takes 2.0 for 2 and rounds large integers; `parsePythonRecord` of `@diffucoder/reward-sandbox` does not. @default JSON.parse */
    parse?: (text: string) => unknown;
  } = {},
): CodeTask[] {
  const ids = new Set<string>();
  const tasks = readJsonLines(path, {
    ...(parse && { parse }),
    check: (value) => {
      const task = parseConfig(CodeTaskSchema, value, { source: "task" });
      if (ids.has(task.id)) throw new Error(`id ${JSON.stringify(task.id)} occurs a second time`);
      ids.add(task.id);
      return task;
    },
  });
  if (tasks.length === 0) throw new FileError({ path, problem: "holds no task" });
  return tasks;
}
