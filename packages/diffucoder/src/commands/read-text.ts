import { readFileSync } from "node:fs";
import { FileError } from "@diffucoder/core";

/** The bytes of a file that the user has named. @throws {FileError} if it cannot be read */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const problem = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "is a folder, expected a file" : message;
    throw new FileError({ path, problem, cause });
  }
}

/** The text of a file that the user has named. @throws {FileError} if it cannot be read or is not UTF-8 */
export function readText(path: string): string {
  return decodeText(readBytes(path), path);
}

/** Bytes as the text that encodes to the same bytes again. @throws {FileError} if there is none: they are not UTF-8 */
export function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const at = firstInvalidByte(bytes);
    const byte = (bytes[at] as number).toString(16).padStart(2, "0");
    throw new FileError({
      path,
      problem: `is not UTF-8: byte ${byte} at offset ${at}`,
      wayOut: "Convert it first, e.g. iconv -f latin1 -t utf-8, or utf-16 for a file that begins with ff fe or fe ff.",
      cause,
    });
  }
}

/** Offset of the first byte that no UTF-8 text has there. */
function firstInvalidByte(bytes: Uint8Array): number {
  const lossy = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const again = new TextEncoder().encode(lossy);
  const at = again.findIndex((byte, i) => byte !== bytes[i]);
  return at < 0 ? Math.max(0, bytes.length - 1) : Math.min(at, bytes.length - 1);
}
