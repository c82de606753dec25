// Whether a benchmark's own solution passes its own test code here. Where it does not (a library is too old, the network is
// not there), no program can be judged by that test, right or wrong: the task is left out.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "@diffucoder/core";
import type { CodeTest, Problem } from "../benchmarks/problem.ts";
import type { ReferenceCases, ReferenceOptions } from "./reference-outputs.ts";
import { pythonKey } from "./libraries.ts";
import { LIMITS, scoreProgram } from "./score-program.ts";

/** Runs the solution once; that it passed is kept, a failure is looked at again the next time. */
export async function referenceVerdict(
  problem: Problem,
  test: CodeTest,
  { sandbox, sha256, cacheFolder }: ReferenceOptions,
): Promise<ReferenceCases> {
  const usable: ReferenceCases = { cases: [], leftOut: [], isUsable: true };
  if (problem.canonical === undefined) return usable;
  const program = problem.prompt + problem.canonical + problem.suffix;
  const key = createHash("sha256")
    .update(JSON.stringify([sha256, problem.id, program, test, LIMITS, ...pythonKey(sandbox)]))
    .digest("hex");
  const path = join(cacheFolder, "reference-outputs", sha256.slice(0, 16), `${key.slice(0, 24)}.passed`);
  if (existsSync(path)) return usable;
  const { verdict, failures } = (await scoreProgram(problem, program, { sandbox })).base;
  if (verdict === "pass") {
    writeFileAtomic(path, "");
    return usable;
  }
  const detail = failures[0]?.detail ?? "";
  return { cases: [], leftOut: [`the benchmark's own solution ends with ${verdict} here (${detail.slice(0, 120)})`], isUsable: false };
}
