// Counts the memory of a job's answers, as ../../python/results.py does: a small text may take many times its size once parsed.
import type { Job } from "../provider.ts";

/** Bytes that all answers of a job may take; one of them may always be as large as allowed. */
const MOST = 128 * 2 ** 20;
const AS_LARGE_AS_ALLOWED = 32;
export const TOO_MUCH: [status: string, detail: string] = ["output-limit", "too much output from all calls together"];

const count = (text: string, character: string): number => text.split(character).length - 1;

/** Bytes that a parsed line of JSON takes, roughly at most: `[]` alone takes dozens. */
export function costOf(line: string): number {
  const [lists, texts, items] = [count(line, "[") + count(line, "{"), count(line, '"') / 2, count(line, ",")];
  return 2 * line.length + 64 * lists + 32 * texts + 24 * items;
}

/** What a job's answers may still take. */
export class Held {
  #left: number;

  constructor({ memory, output }: Job) {
    this.#left = Math.min(memory, Math.max(MOST, AS_LARGE_AS_ALLOWED * output));
  }

  /** Takes that many bytes, if there is room. */
  takes(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}
