import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Check } from "./check.ts";

/** Stands for a golden file that no package computes yet. */
export function notCovered(file: string, detail: string): Check {
  return {
    file,
    run: async (directory) => ({
      status: "not covered",
      largestError: undefined,
      detail: existsSync(join(directory, file)) ? detail : "no such file",
    }),
  };
}
