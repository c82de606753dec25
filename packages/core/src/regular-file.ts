import { type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { FileError } from "./errors.ts";

/** Largest file of text that a model's folder may hold, bytes: ten times the largest tokenizer.json that was published. */
export const MAX_TEXT_BYTES = 100_000_000;

/**
 * Checks that an untrusted path can be read in bounded time: it must be a file, not a pipe, a device or a folder, and not too
 * large. Nothing is opened. A missing file is not an error here: reading it is.
 *
 * @throws {FileError} naming what the path is instead, or how large
 */
export function requireRegularFile(
  path: string,
  {
    maxBytes = MAX_TEXT_BYTES,
  }: {
    /** Largest size, bytes. @default 100 MB, far more than any config or tokenizer */
    maxBytes?: number;
  } = {},
): void {
  const status = statusOf(path);
  if (status === undefined) return;
  if (!status.isFile()) throw new FileError({ path, problem: "not a file", wayOut: `It is ${kindOf(status)}.` });
  if (status.size > maxBytes)
    throw new FileError({ path, problem: `holds ${status.size} bytes, more than the limit of ${maxBytes} for such a file` });
}

/** What a path is that is no file. */
export function kindOf(status: Stats): string {
  const kinds = {
    isDirectory: "a folder",
    isFIFO: "a pipe",
    isSocket: "a socket",
    isCharacterDevice: "a device",
    isBlockDevice: "a device",
  } as const;
  return Object.entries(kinds).find(([is]) => status[is as keyof typeof kinds]())?.[1] ?? "something else";
}

function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOTDIR") throw new FileError({ path: dirname(path), problem: "is not a folder", cause });
    throw new FileError({ path, problem: code === "EACCES" ? "this user may not read it" : message, cause });
  }
}
