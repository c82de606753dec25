// Whether a benchmark's own solution passes its own test code here. Where it does not (a library is too old, there is no network), no program can be
// judged by that test, right or wrong: the task is left out.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "@diffucoder/core";
import { solutionProgram, type Task, type Tests } from "@diffucoder/tasks";
import type { ReferenceCases, ReferenceOptions } from "./reference-outputs.ts";
import { pythonKey } from "./python-key.ts";
import { LIMITS, scoreProgram } from "./score-program.ts";

/** Runs the solution once. A pass is cached; a failure is checked again the next time. */
export async function referenceVerdict(task: Task, tests: Tests, { sandbox, sha256, cacheFolder }: ReferenceOptions): Promise<ReferenceCases> {
  const usable: ReferenceCases = { cases: [], leftOut: [], isUsable: true };
  const program = solutionProgram(task);
  if (program === undefined) return usable;
  const key = createHash("sha256")
    .update(JSON.stringify([sha256, task.id, program, tests, LIMITS, ...pythonKey(sandbox)]))
    .digest("hex");
  // Only slow results are cached: test code of benchmarks with their libraries.
  const path = join(cacheFolder, "reference-outputs", sha256.slice(0, 16), `${key.slice(0, 24)}.passed`);
  if (tests.kind === "code" && existsSync(path)) return usable;
  const { verdict, failures } = (await scoreProgram(task, program, { sandbox })).base;
  if (verdict === "pass") {
    if (tests.kind === "code") writeFileAtomic(path, "");
    return usable;
  }
  const detail = failures[0]?.detail ?? "";
  return { cases: [], leftOut: [`the task's own solution ends with ${verdict} here (${detail.slice(0, 120)})`], isUsable: false };
}
