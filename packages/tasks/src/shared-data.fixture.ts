import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll } from "vitest";
import { type DataFolders, defaultFolders } from "./dataset-file.ts";

/** Where the benchmarks lie beside the repository; without them, the tests that need them skip and say so. */
export const sharedBench = defaultFolders({}).search[0]!;
export const hasSharedBench = existsSync(sharedBench);
export const skipNote = hasSharedBench ? "" : " (SKIPPED: ../shared/bench is absent)";

/** Thousands of small programs on Pyodide would take hours: without Python the tests that run them skip, and say so. */
export const hasPython = (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, "python3")));
export const pythonNote = hasPython ? "" : " (SKIPPED: there is no python3)";

/** The shared data, and a cache of its own that is gone after the tests. */
export function testFolders(): DataFolders {
  const cache = mkdtempSync(join(tmpdir(), "diffucoder-eval-"));
  afterAll(() => rmSync(cache, { recursive: true, force: true }));
  return { search: [sharedBench], cache };
}
