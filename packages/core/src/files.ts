import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { FileError } from "./errors.ts";

/**
 * Writes a file so that a reader, or a crash, sees either the old content or the whole new one: the data goes to
 * `PATH.tmp-PID`, is flushed, and is renamed. A full disk leaves the old file as it was. Parts are produced one at a time, so only one is in memory.
 *
 * @throws {FileError} if the folder cannot be made or the data cannot be written
 */
export function writeFileAtomic(path: string, data: string | Uint8Array | Iterable<Uint8Array>): void {
  const temporary = `${path}.tmp-${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(temporary, "w");
    try {
      const parts = typeof data === "string" ? [Buffer.from(data)] : data instanceof Uint8Array ? [data] : data;
      for (const part of parts) writeAll(file, part);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (cause) {
    removeQuietly(temporary);
    throw writeError(path, cause);
  }
}

function writeError(path: string, cause: unknown): FileError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOSPC")
    return new FileError({
      path,
      problem: "could not be written, the disk is full",
      wayOut: "Free some space and run again; what was written before is intact.",
      cause,
    });
  if (code === "EISDIR") return new FileError({ path, problem: "could not be written, it is a folder", wayOut: "Give the path of a file.", cause });
  if (code === "EEXIST" || code === "ENOTDIR")
    return new FileError({ path, problem: `could not be written, ${dirname(path)} is not a folder`, wayOut: "Give a path in a folder.", cause });
  return new FileError({ path, problem: `could not be written (${message})`, wayOut: "Check the folder and its permissions.", cause });
}

/** The error that made the file useless matters, not one from cleaning up after it. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // e.g. ENOTDIR, when a folder of the path is a file
  }
}

function writeAll(file: number, data: Uint8Array): void {
  let offset = 0;
  while (offset < data.byteLength) offset += writeSync(file, data, offset, data.byteLength - offset);
}
