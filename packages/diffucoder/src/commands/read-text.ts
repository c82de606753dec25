import { readFileSync } from "node:fs";
import { FileError } from "@diffucoder/core";

/** A file that the user has named. @throws {FileError} if it cannot be read */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new FileError({ path, problem: code === "ENOENT" ? "no such file" : message, cause });
  }
}
