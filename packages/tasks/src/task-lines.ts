import { decode } from "./data-lines/file-lines.ts";
import { readTaskLine, type TaskLine } from "./task-line.ts";
import type { LeftOut } from "./task.ts";
import { printable } from "./printable.ts";

const NEWLINE = 10;

function* linesOf(file: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start <= file.length;) {
    const newline = file.indexOf(NEWLINE, start);
    const end = newline === -1 ? file.length : newline;
    yield file.subarray(start, end);
    start = end + 1;
  }
}

/**
 * Reads a file of task lines. Unusable lines, and repeated ids, are left out and reported by line number; the rest is read.
 *
 * @param file its bytes, UTF-8
 */
export function readTaskLines(file: Uint8Array): {
  /** Those that can be used, in their order. */
  lines: TaskLine[];
  /** The others, by number, and why. */
  leftOut: LeftOut[];
} {
  const lines: TaskLine[] = [];
  const leftOut: LeftOut[] = [];
  const seen = new Map<string, number>();
  let number = 0;
  for (const bytes of linesOf(file)) {
    number++;
    const text = decode(bytes, number);
    if (text?.trim() === "") continue;
    const line = text === undefined ? "not UTF-8" : readTaskLine(text, number);
    const reason =
      typeof line === "string" ? line : seen.has(line.idJson) ? `line ${seen.get(line.idJson)} already has the id ${line.idJson}` : undefined;
    if (typeof line === "string" || reason !== undefined) leftOut.push({ where: `line ${number}`, reason: printable(reason ?? "") });
    else {
      seen.set(line.idJson, number);
      lines.push(line);
    }
  }
  return { lines, leftOut };
}
