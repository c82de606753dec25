// Whether the evaluation accepts what is right and refuses what is not. Every benchmark's own solutions must pass, and the
// same programs with one operator or constant changed must not: those that pass nevertheless show how weak its tests are
// (or do the same as the original: an equivalent mutant cannot be told from a weak test).
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom, UnavailableError } from "@diffucoder/core";
import { type Sample, scoreSamples } from "@diffucoder/eval";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import { type BenchmarkName, defaultFolders, loadTasks, type Task, type TaskSet } from "@diffucoder/tasks";
import { mutants } from "../mutate.ts";
import { measured, type Result } from "../measurement.ts";
import type { Suite, SuiteOptions } from "./suite.ts";

const WORKERS = Math.min(2, availableParallelism());
const MUTANTS_PER_TASK = 2;
/** Seconds that all of HumanEval+ may take on two cores. */
const HUMANEVAL_PLUS_SECONDS = 180;
/** Tasks per benchmark whose mutants run; a mutant that hangs costs its time limit. */
const MUTATED_TASKS = 500;
/** Milliseconds of a mutant's call or test: nearly all end within a few, and one that hangs should not cost what a slow solution may. */
const MUTANT_MS = 2000;
/** What a call may take at the least; one that may take more has a reference that is slow itself. */
const SHORTEST_CALL_MS = 4000;

/** Tasks that no program can solve, and why. */
const NO_SOLUTION: Readonly<Record<string, string>> = {
  HumanEval_51_remove_vowels: "its test has a line break inside a string, which is no JavaScript",
  HumanEval_92_any_int: "its test wants 3.0 told from 3, which JavaScript cannot",
};

/** The benchmarks of each suite: together they would take longer than one suite should. */
export const EVAL_SUITES = {
  "eval-canonical": ["humaneval", "humaneval+", "mbpp", "mbpp+", "multipl-e-js", "multipl-e-ts"],
  "eval-infilling": ["infilling-single-line", "infilling-multi-line", "infilling-random-span", "infilling-random-span-light"],
  "eval-bigcodebench": ["bigcodebench"],
} as const satisfies Record<string, readonly BenchmarkName[]>;

export type EvalSuiteName = keyof typeof EVAL_SUITES;

export function evalCanonicalSuite(suite: EvalSuiteName): Suite {
  return (options) => measureBenchmarks(suite, options);
}

async function measureBenchmarks(suite: EvalSuiteName, { quick, python, say }: SuiteOptions): Promise<Result[]> {
  const sandbox = await createSandbox({ workers: WORKERS, ...(python !== undefined && { python }) });
  const results: Result[] = [];
  try {
    for (const name of EVAL_SUITES[suite]) {
      try {
        results.push(...(await measureBenchmark(name, { suite, sandbox, quick, say })));
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
        say(`${name}: ${error.message}`);
      }
    }
    return results;
  } finally {
    sandbox.close();
  }
}

async function measureBenchmark(
  name: BenchmarkName,
  { suite, sandbox, quick, say }: SuiteOptions & { suite: EvalSuiteName; sandbox: Sandbox },
): Promise<Result[]> {
  const whole = await loadTasks({ dataset: name, folders: defaultFolders(), use: "evaluation" });
  const taskSet = quick ? { ...whole, tasks: everyNth(whole.tasks, 5) } : whole;
  const solutions = canonicalCompletions(taskSet);
  const random = createRandom(0).split("mutants", name);
  const allMutants = everyNth(taskSet.tasks, MUTATED_TASKS).flatMap((task): Sample[] => {
    const code = solutions.get(task.id);
    if (code === undefined || NO_SOLUTION[task.id] !== undefined) return [];
    const language = task.language === "python" ? "python" : "javascript";
    return mutants(code, { language, count: MUTANTS_PER_TASK, random: random.split(task.id) }).map((text) => ({
      line: 0,
      taskId: task.id,
      text,
      kind: "completion",
    }));
  });
  const cacheFolder = mkdtempSync(join(tmpdir(), "eval-canonical-"));
  try {
    const score = async (samples: Sample[], within: Sandbox): Promise<Awaited<ReturnType<typeof scoreSamples>> & { seconds: number }> => {
      const started = performance.now();
      const numbered = samples.map((sample, i) => ({ ...sample, line: i + 1 }));
      const common = { taskSet, postProcessor: "none", sandbox: within, cacheFolder, concurrency: WORKERS, random } as const;
      return { ...(await scoreSamples({ ...common, samples: numbered })), seconds: (performance.now() - started) / 1000 };
    };
    say(`${suite}: ${name}, its solutions ...`);
    const solved = [...solutions].map(([taskId, text]): Sample => ({ line: 0, taskId, text, kind: "completion" }));
    const right = await score(solved, sandbox);
    for (const { taskId, score: of } of right.samples) {
      const { verdict, failures } = of.base.verdict === "pass" ? (of.plus ?? of.base) : of.base;
      if (verdict !== "pass") say(`  ${taskId}: ${verdict}, ${NO_SOLUTION[taskId] ?? failures[0]?.detail ?? failures[0]?.test}`);
    }
    const shown = sandbox.python === undefined ? 10 : 100;
    for (const { where, reason } of right.leftOut.slice(0, shown)) say(`  left out: ${where}: ${reason}`);
    if (right.leftOut.length > shown) say(`  left out: ${right.leftOut.length - shown} more`);
    const judged = new Set(right.samples.map(({ taskId }) => taskId));
    const mutated = allMutants.filter(({ taskId }) => judged.has(taskId));
    say(`${suite}: ${name}, ${mutated.length} mutants ...`);
    const wrong = await score(mutated, hurried(sandbox));
    return toResults(name, { suite, tasks: right.samples.length, right, wrong, quick });
  } finally {
    rmSync(cacheFolder, { recursive: true, force: true });
  }
}

type Scored = Awaited<ReturnType<typeof scoreSamples>> & { seconds: number };

/** The same sandbox with `MUTANT_MS` for a call or a test; `unittest` classes, which are many tests in one, keep their time. */
function hurried(sandbox: Sandbox): Sandbox {
  const least = (milliseconds: number | undefined): number => Math.min(MUTANT_MS, milliseconds ?? MUTANT_MS);
  return {
    ...sandbox,
    run: (job, options) =>
      sandbox.run(
        {
          ...job,
          ...(job.callTimesMs && { callTimesMs: job.callTimesMs.map((wall) => (wall > SHORTEST_CALL_MS ? wall : MUTANT_MS)) }),
          wallTimeMs: least(job.wallTimeMs),
        },
        options,
      ),
    runTests: (job, options) => sandbox.runTests(job.unittest === true ? job : { ...job, wallTimeMs: least(job.wallTimeMs) }, options),
  };
}

interface Measured {
  suite: EvalSuiteName;
  tasks: number;
  right: Scored;
  wrong: Scored;
  quick: boolean;
}

function toResults(name: BenchmarkName, { suite, tasks, right, wrong, quick }: Measured): Result[] {
  const unsolvable = right.samples.filter(({ taskId }) => NO_SOLUTION[taskId] !== undefined).length;
  const results = right.suites.flatMap(({ suite: tests, verdicts }): Result[] => {
    const label = tests === "base" ? name.replace(/\+$/, " base") : name;
    const [survived = 0, all = 0] = wrong.suites
      .filter(({ suite: other }) => other === tests)
      .flatMap(({ verdicts: counts }) => [counts.pass ?? 0, Object.values(counts).reduce((sum, count) => sum + count, 0)]);
    return [
      measured({
        suite,
        name: `${label}: solutions that fail`,
        ours: tasks - (verdicts.pass ?? 0),
        unit: `of ${tasks}`,
        target: { of: "ours", atMost: unsolvable },
      }),
      measured({ suite, name: `${label}: mutants that pass`, ours: (100 * survived) / Math.max(1, all), unit: `% of ${all}` }),
    ];
  });
  const target = name === "humaneval+" && !quick ? { of: "ours" as const, atMost: HUMANEVAL_PLUS_SECONDS } : undefined;
  return [...results, measured({ suite, name: `${name}: all solutions, references included`, ours: right.seconds, unit: "s", target })];
}

/** The completion of each task that has one. */
function canonicalCompletions({ name, tasks }: TaskSet): Map<string, string> {
  const own = name.startsWith("multipl-e") ? multiplESolutions() : new Map<string, string>();
  return new Map(
    tasks.flatMap(({ id, solution }): [string, string][] => {
      const text = solution ?? own.get(/^HumanEval_(\d+)_/.exec(id)?.[1] ?? "");
      return text === undefined ? [] : [[id, text]];
    }),
  );
}

/** Solutions by number, from the fixture that says what it is. */
function multiplESolutions(): Map<string, string> {
  const text = readFileSync(new URL("../../packages/eval/fixtures/multipl-e-solutions.txt", import.meta.url), "utf8");
  return new Map(
    text
      .split(/^\/\/# /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf("\n")), `${part.slice(part.indexOf("\n") + 1)}}\n`]),
  );
}

/** Every nth, so that about `count` are left. */
function everyNth(tasks: readonly Task[], count: number): readonly Task[] {
  const step = Math.max(1, Math.floor(tasks.length / count));
  return tasks.filter((_, i) => i % step === 0);
}
