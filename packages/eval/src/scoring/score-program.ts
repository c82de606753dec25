import { InvalidArgumentError } from "@diffucoder/core";
import { type Sandbox, testProgram, type Verdict, type VerdictName } from "@diffucoder/reward-sandbox";
import { type CallTests, type CodeTests, programTests, type ReferenceTests, type RunTests, type Task, type Tests } from "@diffucoder/tasks";
import { isRight } from "./evalplus-oracle.ts";
import type { ReferenceCase, ReferenceCases } from "./reference-outputs.ts";

/** A test that a program did not pass. Values are in the sandbox's form. */
export interface FailedTest {
  /** `"base input 3"`, `"test 3"`, or the test's source. */
  readonly test: string;
  /** Its position among the task's tests, from 0. @default not known, where tests are the reference's inputs */
  readonly index?: number;
  /** How it ended. */
  readonly verdict: VerdictName;
  /** Arguments of the call, or the standard input. */
  readonly input?: readonly unknown[];
  /** The right value. */
  readonly expected?: unknown;
  /** What came out instead; absent if nothing did. */
  readonly got?: unknown;
  /** Details, such as the name of an exception. */
  readonly detail?: string;
}

/** How a program did in one suite of tests. */
export interface SuiteScore {
  /** `"pass"`, or the first failed test's. `"infrastructure"` says nothing about the program. */
  readonly verdict: VerdictName;
  /** All failures of a task's own calls or runs; for a benchmark's inputs and test code the first few, since tests after a failure may not run. */
  readonly failures: readonly FailedTest[];
}

/** How a program did in each suite. */
export interface ProgramScore {
  /** The tests of the benchmark itself. */
  readonly base: SuiteScore;
  /** Base and plus tests together; only where a benchmark has both. */
  readonly plus?: SuiteScore;
  /** `"low"` if program and test code share a process. */
  readonly trust: "high" | "low";
}

/** Limits of programs under test. */
export interface ProgramLimits {
  /** A call always has this much time, milliseconds. EvalPlus's rule. */
  readonly callMs: number;
  /** A call may take this many times as long as the reference. EvalPlus's rule. */
  readonly referenceFactor: number;
  /** All calls of a program, milliseconds. EvalPlus's rule. */
  readonly programMs: number;
  /** A test that is code, milliseconds; `unittest` classes, which are many tests in one, may take `programMs`. */
  readonly testMs: number;
  /** Address space of a program, MB. */
  readonly memoryMb: number;
  /** One result, MB. */
  readonly outputMb: number;
  /** Characters of a program; more are not run and count as a failure. */
  readonly programLength: number;
}

/** Limits of programs under test. */
export const LIMITS: ProgramLimits = {
  callMs: 4000,
  referenceFactor: 4,
  programMs: 60_000,
  testMs: 15_000,
  memoryMb: 4096,
  outputMb: 1, // 32 of HumanEval+'s right results are larger, some over 16 MB, and are left out
  programLength: 2 ** 20,
};

/** Failed tests that are kept of a benchmark's suite. */
const KEPT_FAILURES = 3;
const PASS: SuiteScore = { verdict: "pass", failures: [] };

export interface ScoreProgramOptions {
  sandbox: Sandbox;
  /** With at least one base case, for tests that are calls. */
  reference?: ReferenceCases | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The tests that evaluation uses: the hidden ones, or the visible ones if there are no hidden ones. @throws {InvalidArgumentError} if it has none
 */
export function evaluationTests({ id, hidden, visible }: Pick<Task, "id" | "hidden" | "visible">): Tests {
  const tests = hidden ?? visible;
  if (tests === undefined) throw new InvalidArgumentError({ argument: "task", value: id, expected: "a task with tests" });
  return tests;
}

/** Runs a program against its task's tests. @throws {AbortedError} when `signal` fires */
export async function scoreProgram(task: Task, program: string, options: ScoreProgramOptions): Promise<ProgramScore> {
  const tests = evaluationTests(task);
  if (program.length > LIMITS.programLength) {
    const detail = `a program of ${program.length} characters; at most ${LIMITS.programLength} are run`;
    const base: SuiteScore = { verdict: "memory", failures: [{ test: "size", verdict: "memory", detail }] };
    return { base, ...(tests.kind === "reference" && tests.plus.length > 0 && { plus: base }), trust: "high" };
  }
  switch (tests.kind) {
    case "reference":
      return scoreReference(task, tests, program, options);
    case "code":
      return scoreCode(task, tests, program, options);
    default:
      return scoreOwn(task, tests, program, options);
  }
}

/** Calls and runs whose results the task states: all run, and every failure is kept. */
async function scoreOwn(task: Task, tests: CallTests | RunTests, program: string, { sandbox, signal }: ScoreProgramOptions): Promise<ProgramScore> {
  const { callMs, testMs, programMs: totalTimeMs, memoryMb, outputMb } = LIMITS;
  const limits = { wallTimeMs: tests.kind === "calls" ? callMs : testMs, totalTimeMs, memoryMb, outputMb };
  const { verdicts, trust } = await testProgram({ sandbox, code: program, tests: programTests(task, tests), limits, signal });
  const failures = verdicts.flatMap((verdict, index) => (verdict.verdict === "pass" ? [] : [failureOf(verdict, index)]));
  return { base: failures.length === 0 ? PASS : failed(failures, failures.length), trust };
}

function failureOf(tested: Verdict, index: number): FailedTest {
  const { verdict, got } = tested;
  const common = { test: `test ${index + 1}`, index, verdict, ...(verdict === "wrong" ? { got } : { detail: String(got) }) };
  if ("args" in tested) return { ...common, input: tested.args, expected: tested.expected };
  return "stdin" in tested ? { ...common, input: [tested.stdin], expected: tested.stdout } : common;
}

async function scoreReference(task: Task, test: ReferenceTests, program: string, options: ScoreProgramOptions): Promise<ProgramScore> {
  const cases = options.reference?.cases ?? [];
  const run = (suite: ReferenceCase["suite"]): Promise<SuiteScore> =>
    runCases(
      task,
      test,
      program,
      cases.filter((item) => item.suite === suite),
      options,
    );
  const base = await run("base");
  if (test.plus.length === 0) return { base, trust: "high" };
  return { base, plus: base.verdict === "pass" ? await run("plus") : base, trust: "high" };
}

/**
 * Calls in jobs that double in size and stop after the first with a failure: a program that hangs on every input costs one time
 * limit, and one that passes costs few jobs.
 */
async function runCases(
  { id: taskId, entryPoint }: Task,
  { tolerance, wrapper = "" }: ReferenceTests,
  program: string,
  cases: readonly ReferenceCase[],
  { sandbox, signal }: ScoreProgramOptions,
): Promise<SuiteScore> {
  let left: number = LIMITS.programMs;
  for (let start = 0, size = 1; start < cases.length; start += size, size = Math.min(64, size * 2)) {
    const batch = cases.slice(start, start + size);
    const { outcomes } = await sandbox.run(
      {
        code: program + wrapper,
        entryPoint: entryPoint!,
        inputs: batch.map(({ input }) => input),
        callTimesMs: batch.map(({ milliseconds }) => Math.max(LIMITS.callMs, LIMITS.referenceFactor * milliseconds)),
        totalTimeMs: Math.max(1, Math.round(left)),
        memoryMb: LIMITS.memoryMb,
        outputMb: LIMITS.outputMb,
      },
      { ...(signal && { signal }) },
    );
    const failures: FailedTest[] = [];
    for (const [i, { suite, index, input, expected }] of batch.entries()) {
      const outcome = outcomes[i] ?? { status: "infrastructure", detail: "no answer", milliseconds: 0 };
      left -= outcome.milliseconds;
      const name = `${suite} input ${index}`;
      if (outcome.status !== "ok") failures.push({ test: name, verdict: outcome.status, input, expected, detail: outcome.detail });
      else if (!isRight({ taskId, input, got: outcome.value, expected, tolerance })) {
        failures.push({ test: name, verdict: "wrong", input, expected, got: outcome.value });
      }
    }
    if (failures.length > 0) return failed(failures);
  }
  return PASS;
}

async function scoreCode(
  { language, entryPoint }: Task,
  test: CodeTests,
  program: string,
  { sandbox, signal }: ScoreProgramOptions,
): Promise<ProgramScore> {
  const { verdicts, trust } = await sandbox.runTests(
    {
      language,
      code: program + (test.wrapper ?? ""),
      tests: test.tests,
      ...(test.separate && entryPoint !== undefined && { entryPoint }),
      ...(test.unittest === true && { unittest: true, writableTmp: true }),
      wallTimeMs: test.unittest === true ? LIMITS.programMs : LIMITS.testMs,
      totalTimeMs: LIMITS.programMs,
      memoryMb: LIMITS.memoryMb,
    },
    { ...(signal && { signal }) },
  );
  const failures = verdicts.flatMap(({ verdict, detail }, i): FailedTest[] =>
    verdict === "pass" ? [] : [{ test: test.tests[i]!.slice(-2000), index: i, verdict, detail }],
  );
  return { base: failures.length === 0 ? PASS : failed(failures), trust };
}

/** A failure of the sandbox decides nothing, unless another test shows that the program is wrong. */
function failed(failures: readonly FailedTest[], kept: number = KEPT_FAILURES): SuiteScore {
  const first = failures.find(({ verdict }) => verdict !== "infrastructure") ?? failures[0];
  return { verdict: first?.verdict ?? "infrastructure", failures: failures.slice(0, kept) };
}
