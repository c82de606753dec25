import { FileError } from "@diffucoder/core";
import { z } from "zod";

/** Parses the lines of a dataset file; the first line that is wrong is named. */
export function readLines<T>(text: string, path: string, parse: (line: string) => T): T[] {
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      return [parse(line)];
    } catch (cause) {
      const problem = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
      throw new FileError({ path, problem: `line ${i + 1}: ${problem}`, cause });
    }
  });
}
