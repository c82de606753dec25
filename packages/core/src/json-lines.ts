import { appendFileSync, existsSync } from "node:fs";
import { FileError } from "./errors.ts";
import { writeFileAtomic } from "./files.ts";
import { readBytes } from "./read-file.ts";

/**
 * The values of a file of JSON lines. Empty lines are passed over.
 *
 * @throws {FileError} naming the first line that is wrong
 */
export function readJsonLines<T>(
  path: string,
  {
    check,
    dropCutLine = false,
    parse = JSON.parse,
  }: {
    /** Turns a line's value into what the caller wants; what it throws becomes the line's problem. */
    check: (value: unknown) => T;
    /** Whether a last line without its newline, which a crash cut off, is left out. @default false */
    dropCutLine?: boolean;
    /** Reads a line, for values that JavaScript's numbers cannot hold. @default JSON.parse */
    parse?: (text: string) => unknown;
  },
): T[] {
  const lines = readBytes(path).toString("utf8").split("\n");
  const whole = dropCutLine ? lines.slice(0, -1) : lines;
  return whole.flatMap((line, i) => {
    if (line.trim() === "") return [];
    let value: unknown;
    try {
      value = parse(line);
    } catch (cause) {
      throw new FileError({ path, problem: `line ${i + 1} is not JSON (${(cause as Error).message})`, cause });
    }
    try {
      return [check(value)];
    } catch (cause) {
      throw new FileError({ path, problem: `line ${i + 1}: ${(cause as Error).message}`, cause });
    }
  });
}

/** A file of JSON lines that a long run appends to, and resumes from after a stop or a crash. */
export class JsonLinesLog<T> {
  readonly #path: string;
  /** The existing lines that were kept. */
  readonly kept: readonly T[];

  /**
   * Opens or makes the file.
   *
   * @throws {FileError} if the file cannot be read or written, or a line that ends is not JSON
   */
  constructor(
    path: string,
    {
      keep = () => true,
    }: {
      /** Whether to keep an earlier line; drop those of work that will be done again. @default all stay */
      keep?: (line: T) => boolean;
    } = {},
  ) {
    this.#path = path;
    this.kept = existsSync(path) ? readJsonLines(path, { check: (value) => value as T, dropCutLine: true }).filter(keep) : [];
    writeFileAtomic(path, this.kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  /** @throws {FileError} if the disk is full; what was written before stays */
  append(line: T): void {
    try {
      appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
    } catch (cause) {
      throw new FileError({
        path: this.#path,
        problem: `could not be appended to (${(cause as Error).message})`,
        wayOut: "What was written before is intact: free some space and run again to resume.",
        cause,
      });
    }
  }
}
