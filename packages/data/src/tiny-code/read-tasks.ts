import { parseConfig, readJsonLines } from "@diffucoder/core";
import { type CodeTaskRecord, CodeTaskRecordSchema } from "./tasks.ts";

/**
 * Reads tasks from a file of JSON lines, in the form of `CodeTaskRecordSchema`.
 *
 * @throws {FileError} naming the first line that is not JSON or not a task, with every problem of that line
 */
export function readTasks(path: string): CodeTaskRecord[] {
  return readJsonLines(path, { check: (value) => parseConfig(CodeTaskRecordSchema, value, { source: "the task" }) });
}
