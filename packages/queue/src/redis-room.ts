// A Redis at its maxmemory, which evicts nothing, refuses what takes memory; reading and removing go on.
import { setTimeout as wait } from "node:timers/promises";
import { UnavailableError } from "@diffucoder/core";

/** How often what was refused is tried again, milliseconds. */
const POLL = 100;

const isRefused = (error: unknown): boolean => /\bOOM\b/.test((error as Error).message);

/** Does what takes memory. @throws {UnavailableError} while there is no room for it */
export async function inRoom<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (!isRefused(cause)) throw cause;
    throw new UnavailableError({
      what: "Room in the queue",
      problem: "Redis has reached its maxmemory",
      wayOut: "Give Redis more memory (CONFIG SET maxmemory), or use a shared folder: --queue folder:DIR.",
      cause,
    });
  }
}

/** Does what takes memory when there is room. @returns `undefined` if there was none for so many milliseconds; 0 tries once */
export async function whenThereIsRoom<T>(action: () => Promise<T>, patienceMs: number): Promise<T | undefined> {
  for (const end = performance.now() + patienceMs; ; await wait(POLL)) {
    try {
      return await action();
    } catch (error) {
      if (!isRefused(error)) throw error;
      if (performance.now() >= end) return undefined;
    }
  }
}
