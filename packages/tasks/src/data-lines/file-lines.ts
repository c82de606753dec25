// The lines of a file of any size: read in pieces, so that a corpus need not fit in memory.
import { closeSync, openSync, readSync } from "node:fs";
import { readError } from "@diffucoder/core";

/** Bytes of a line; a longer one is passed over and reported, since it would have to be held in memory. */
export const LONGEST_LINE = 2 ** 24;

const PIECE = 2 ** 16;
const NEWLINE = 10;

/** A line of a file. */
export interface FileLine {
  /** Its number, from 1. */
  readonly line: number;
  /** Its text. @default undefined, if it is not UTF-8 or too long */
  readonly text: string | undefined;
  /** Its length, with neither the newline nor a byte order mark. */
  readonly bytes: number;
}

/**
 * The lines of a file one by one, UTF-8; a byte order mark at its start is skipped. An empty file has no line.
 *
 * @throws {FileError} if the file cannot be read
 */
export function* fileLines(
  path: string,
  { longest = LONGEST_LINE }: { /** Bytes of a line that is still read. @default 16 MiB */ longest?: number } = {},
): Generator<FileLine> {
  const file = attempt(path, () => openSync(path, "r"));
  try {
    const piece = Buffer.allocUnsafe(PIECE);
    let [line, bytes] = [0, 0];
    let held: Buffer[] = [];
    const take = (part: Buffer): void => {
      bytes += part.length;
      if (bytes <= longest) held.push(Buffer.from(part));
      else held = [];
    };
    const finish = (): FileLine => {
      const whole = { line: ++line, text: bytes > longest ? undefined : decode(Buffer.concat(held), line), bytes };
      [held, bytes] = [[], 0];
      return whole;
    };
    for (;;) {
      const read = attempt(path, () => readSync(file, piece));
      if (read === 0) break;
      let start = 0;
      for (let end = piece.indexOf(NEWLINE); end !== -1 && end < read; end = piece.indexOf(NEWLINE, start)) {
        take(piece.subarray(start, end));
        yield finish();
        start = end + 1;
      }
      take(piece.subarray(start, read));
    }
    if (bytes > 0) yield finish();
  } finally {
    closeSync(file);
  }
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw readError(path, cause);
  }
}

/** A line's text. A byte order mark at the start of the file is skipped. @returns undefined if it is not UTF-8 */
export function decode(bytes: Uint8Array, line: number): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: line > 1 }).decode(bytes);
  } catch {
    return undefined;
  }
}
