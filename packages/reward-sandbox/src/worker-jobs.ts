// The three kinds of jobs in a worker's form, with the sandbox's limits where a job has none.
import { checkCount, givenInputs } from "./check-arguments.ts";
import type { FunctionJob, Language, Limits, ProgramJob, TestJob } from "./jobs.ts";
import type { Job } from "./provider.ts";

/** A job without its program. */
export type Work = Omit<Job, "language" | "code">;

/** The sandbox's own limits. */
export type DefaultLimits = Required<Pick<Limits, "wallTimeMs" | "memoryMb">>;

/** All calls of a function together may take this many times the limit of one. */
const CALLS_WORTH = 3;

export function functionWork({ entryPoint, callTimesMs, ...job }: FunctionJob, defaults: DefaultLimits): Work {
  const inputs = givenInputs(job);
  const limits = limitsOf(job, defaults, { count: inputs.length, total: CALLS_WORTH });
  const walls = callTimesMs?.map((milliseconds) => milliseconds / 1000) ?? limits.walls;
  return { kind: "functions", ...limits, walls, files: false, entry: entryNameOf(entryPoint, job.language), inputs };
}

export function programWork({ stdins, writableTmp = false, ...job }: ProgramJob, defaults: DefaultLimits): Work {
  return { kind: "programs", ...limitsOf(job, defaults, { count: stdins.length }), files: writableTmp, stdins };
}

/** @param tests the job's tests, in a language that an engine can run */
export function testWork(
  { entryPoint, unittest = false, writableTmp = false, ...job }: TestJob,
  tests: readonly string[],
  defaults: DefaultLimits,
): Work {
  const entry = entryPoint === undefined ? null : entryNameOf(entryPoint, job.language);
  const limits = limitsOf(job, defaults, { count: tests.length });
  return { kind: "tests", ...limits, files: writableTmp, entry, unittest, tests: tests.map(withoutMark) };
}

/** Python writes its names in normal form KC: a function `ﬁ` is called `fi`. */
const entryNameOf = (name: string, language: Language = "python"): string => (language === "python" ? name.normalize("NFKC") : name);

/** Source without the byte order mark that a file may begin with. */
export const withoutMark = (text: string): string => text.replace(/^\uFEFF/, "");

/** @param total how many items' limits the whole job may take. @default `count`, and at least 1 */
function limitsOf(limits: Limits, defaults: DefaultLimits, { count, total = Math.max(count, 1) }: { count: number; total?: number }) {
  const { wallTimeMs = defaults.wallTimeMs, totalTimeMs = total * wallTimeMs, memoryMb = defaults.memoryMb, outputMb = 1 } = limits;
  for (const [argument, value] of Object.entries({ wallTimeMs, totalTimeMs, memoryMb, outputMb })) checkCount(argument, value);
  return {
    walls: Array.from({ length: count }, () => wallTimeMs / 1000),
    total: totalTimeMs / 1000,
    memory: memoryMb * 2 ** 20,
    output: outputMb * 2 ** 20,
  };
}
