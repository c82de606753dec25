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
    const code = (cause as NodeJS.ErrnoException).code;
    throw new FileError({
      path,
      problem: code === "ENOSPC" ? "could not be written, the disk is full" : `could not be written (${(cause as Error).message})`,
      wayOut: code === "ENOSPC" ? "Free some space and run again; what was written before is intact." : "Check the folder and its permissions.",
      cause,
    });
  }
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
