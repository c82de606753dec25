// A job on another machine: one run of our own supervisor, which reads the job from standard input and writes the answer with its id.
import { randomUUID } from "node:crypto";
import { UnavailableError } from "@diffucoder/core";
import { supervisorSource } from "../local/launch.ts";
import type { Answer, Job } from "../provider.ts";

/** Common to every remote provider. Test code holds expected values, which must not leave this machine. */
export const REMOTE = { languages: ["python"], writableTmp: false } as const;

/** Python code that becomes the supervisor. Strings hash the same in each run. */
export function supervisorProgram(): string {
  const source = JSON.stringify(supervisorSource({ filtersSystemCalls: true }));
  return `import os, sys\nos.execve(sys.executable, [sys.executable, "-s", "-S", "-B", "-c", ${source}, ""], {**os.environ, "PYTHONHASHSEED": "0"})\n`;
}

/** A job as the supervisor reads it, with an id that no program can guess. */
export function jobLine({ tests: _tests, ...job }: Job): { id: string; line: string } {
  const id = randomUUID();
  return { id, line: `${JSON.stringify({ id, ...job })}\n` };
}

/** @throws {UnavailableError} for test code */
export function refuseTestCode({ kind }: Job, what: string): void {
  if (kind !== "tests") return;
  throw new UnavailableError({ what, problem: "test code holds expected values, and those are not sent to another machine" });
}

/**
 * Reads a supervisor's output.
 *
 * @returns undefined if it ended without an answer
 * @throws {UnavailableError} if the output is cut off, or malformed
 */
export function readAnswer(text: string, { id, job, what }: { id: string; job: Job; what: string }): Answer | undefined {
  const answer = readLines(text, what).find((line) => line.id === id);
  if (answer === undefined) return undefined;
  const count = (job.inputs ?? job.stdins ?? []).length;
  const { parses, results } = answer as Partial<Answer>;
  if (typeof parses !== "boolean" || !Array.isArray(results) || results.length !== count || !results.every((result) => Array.isArray(result))) {
    throw new UnavailableError({ what, problem: "its answer is malformed" });
  }
  return { parses, results };
}

/** Whether a supervisor's greeting says that system calls are filtered. @throws {UnavailableError} if it is cut off */
export function isFiltered(text: string, what: string): boolean {
  return readLines(text, what).some(({ id, filtered }) => id === "" && filtered === true);
}

function readLines(text: string, what: string): Record<string, unknown>[] {
  const lines = text.split("\n");
  if (lines.pop() !== "") throw new UnavailableError({ what, problem: "its output is cut off" });
  return lines.map((line) => readLine(line, what));
}

function readLine(line: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // told below
  }
  throw new UnavailableError({ what, problem: `it wrote something other than an answer (${JSON.stringify(line.slice(0, 80))})` });
}
