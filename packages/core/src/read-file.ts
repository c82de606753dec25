import { readFileSync, statSync } from "node:fs";
import { FileError } from "./errors.ts";
import { kindOf } from "./regular-file.ts";

/** What the process has open already, such as standard input or a shell's `<(command)`. */
const OPEN_ALREADY = /^\/(dev\/(fd\/\d+|stdin)|proc\/self\/fd\/\d+)$/;

/** Bytes of a file. @throws {FileError} if it cannot be read, or is a pipe or a device, which may never end */
export function readBytes(
  path: string,
  {
    wayOut,
  }: {
    /** What to do if it cannot be read, a sentence. @default nothing is said */
    wayOut?: string;
  } = {},
): Buffer {
  const more = wayOut === undefined ? {} : { wayOut };
  try {
    const status = OPEN_ALREADY.test(path) ? undefined : statSync(path);
    if (status !== undefined && !status.isFile() && !status.isDirectory())
      throw new FileError({ path, problem: `is ${kindOf(status)}, expected a file`, ...more });
    return readFileSync(path);
  } catch (cause) {
    throw cause instanceof FileError ? cause : readError(path, cause, more);
  }
}

/** Text of a file. @throws {FileError} if it cannot be read or is not UTF-8 */
export function readText(path: string): string {
  return decodeText(readBytes(path), path);
}

/** The error for a file that Node could not open or read. */
export function readError(
  path: string,
  cause: unknown,
  {
    wayOut,
  }: {
    /** What to do about it, a sentence. @default nothing is said */
    wayOut?: string;
  } = {},
): FileError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const problems: Partial<Record<string, string>> = {
    ENOENT: "no such file",
    EISDIR: "is a folder, expected a file",
    EACCES: "this user may not read it",
  };
  return new FileError({ path, problem: problems[code ?? ""] ?? message, ...(wayOut !== undefined && { wayOut }), cause });
}

/**
 * Decodes bytes to the text that encodes to the same bytes again.
 *
 * @param path where they come from, for the error
 * @throws {FileError} if they are not UTF-8
 */
export function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const at = firstInvalidByte(bytes);
    const byte = bytes[at]!.toString(16).padStart(2, "0");
    throw new FileError({
      path,
      problem: `is not UTF-8: byte ${byte} at offset ${at}`,
      wayOut: "Convert it first, e.g. iconv -f latin1 -t utf-8, or utf-16 for a file that begins with ff fe or fe ff.",
      cause,
    });
  }
}

/** Offset of the first byte that is not valid UTF-8. */
function firstInvalidByte(bytes: Uint8Array): number {
  const lossy = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const again = new TextEncoder().encode(lossy);
  const at = again.findIndex((byte, i) => byte !== bytes[i]);
  return at < 0 ? Math.max(0, bytes.length - 1) : Math.min(at, bytes.length - 1);
}
