import { AbortedError, InvalidArgumentError, UnavailableError } from "@diffucoder/core";
import type { FunctionJob, Language, Limits, Outcome, OutcomeResult, ProgramJob, RunOptions, TestJob, TestResult, TestVerdict } from "./jobs.ts";
import { descriptions, findBubblewrap, findPython, type Isolation, type Launch, launchOf, type LocalLevel } from "./launch.ts";
import { Pool } from "./pool.ts";
import { stripTypes } from "./typescript.ts";
import { isValue, toPython } from "./values.ts";
import { type SupervisorAnswer, type SupervisorJob, Worker } from "./worker.ts";

export interface SandboxOptions {
  /** Processes that run jobs at the same time. @default 2 */
  workers?: number;
  /** Limit of one call, run or test, milliseconds. @default 2000 */
  wallTimeMs?: number;
  /** Address space of a program, megabytes. @default 512 */
  memoryMb?: number;
  /** `"auto"` takes the strongest that starts here, and never `"none"`. @default "auto" */
  isolation?: LocalLevel | "auto";
}

/** Runs untrusted programs. A job that it could not run is answered `infrastructure` for every item. */
export interface Sandbox {
  readonly isolation: Isolation;
  /** Calls a function. @throws {AbortedError} if the signal says so */
  run(job: FunctionJob, options?: RunOptions): Promise<OutcomeResult>;
  /** Runs whole programs. @throws {AbortedError} if the signal says so */
  runProgram(job: ProgramJob, options?: RunOptions): Promise<OutcomeResult>;
  /** Runs tests that are code. @throws {AbortedError} if the signal says so */
  runTests(job: TestJob, options?: RunOptions): Promise<TestResult>;
  close(): void;
}

/** A job that ends its supervisor is tried so often; then it is the job's own doing. */
const ATTEMPTS = 2;
/** A function may have this many times its limit of one call for all calls together. */
const CALLS_WORTH = 3;

const IDENTIFIER = /^[\p{ID_Start}_$][\p{ID_Continue}$.]*$/u;

/**
 * Starts a pool of processes for untrusted code.
 *
 * @throws {UnavailableError} if Python is missing or the asked-for isolation does not start, with the command to install it
 */
export async function createSandbox({ workers = 2, wallTimeMs = 2000, memoryMb = 512, isolation = "auto" }: SandboxOptions = {}): Promise<Sandbox> {
  for (const [argument, value] of Object.entries({ workers, wallTimeMs, memoryMb })) checkCount(argument, value);
  const { level, launch, worker: first } = await startFirst(isolation);
  const all = [...Array.from({ length: workers - 1 }, () => new Worker(launch)), first];
  const pool = new Pool(all);
  let closed = false;

  const settings = (limits: Limits, count: number, total: number) => {
    const { wallTimeMs: wall = wallTimeMs, totalTimeMs = total * wall, memoryMb: memory = memoryMb, outputMb = 1 } = limits;
    for (const [argument, value] of Object.entries({ wallTimeMs: wall, totalTimeMs, memoryMb: memory, outputMb })) checkCount(argument, value);
    return {
      walls: Array.from({ length: count }, () => wall / 1000),
      total: totalTimeMs / 1000,
      memory: memory * 2 ** 20,
      output: outputMb * 2 ** 20,
    };
  };

  /** How each of a job's items ended. */
  const perform = async (job: SupervisorJob, count: number, options: RunOptions, testCode?: Buffer[]): Promise<SupervisorAnswer> => {
    if (closed) return failed(count, "the sandbox was closed");
    return pool.use(async (worker) => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        let answer;
        try {
          answer = await worker.run(job, { ...(testCode && { testCode }), signal: options.signal });
        } catch (error) {
          if (!(error instanceof UnavailableError)) throw error;
          return failed(count, error.message);
        }
        if (answer) return answer;
        if (options.signal?.aborted) throw new AbortedError("A sandbox job");
        if (closed) return failed(count, "the sandbox was closed");
      }
      return failed(count, "ended the sandbox's own process", "exception");
    }, options);
  };

  const performIn = (
    language: Language | undefined,
    code: string,
    job: (code: string, of: SupervisorJob["language"]) => Promise<SupervisorAnswer>,
    count: number,
  ) => {
    if (language !== "typescript") return job(code, language ?? "python");
    const stripped = stripTypes(code);
    return stripped === undefined ? Promise.resolve(unparsed(count)) : job(stripped, "javascript");
  };

  const needsTmp = (writableTmp: boolean | undefined): string | undefined =>
    writableTmp && level !== "bubblewrap" ? "a writable /tmp that can be wiped wants isolation by bubblewrap" : undefined;

  return {
    isolation: { level, description: descriptions[level] },
    run: async ({ language, code, entryPoint, inputs, callTimesMs, ...limits }, options = {}) => {
      checkName(entryPoint);
      const count = inputs.length;
      if (callTimesMs && callTimesMs.length !== count)
        throw new InvalidArgumentError({ argument: "callTimesMs", value: callTimesMs, expected: `one number for each of ${count} inputs` });
      const common = settings(limits, count, CALLS_WORTH);
      const walls = callTimesMs?.map((milliseconds) => milliseconds / 1000) ?? common.walls;
      const job = (text: string, of: SupervisorJob["language"]) =>
        perform(
          {
            kind: "functions",
            language: of,
            code: text,
            ...common,
            walls,
            files: false,
            entry: entryPoint,
            inputs: inputs.map((args) => args.map(toPython)),
          },
          count,
          options,
        );
      return toOutcomes(await performIn(language, code, job, count));
    },
    runProgram: async ({ language, code, stdins, writableTmp = false, ...limits }, options = {}) => {
      const count = stdins.length;
      const problem = needsTmp(writableTmp);
      if (problem) return toOutcomes(failed(count, problem));
      const job = (text: string, of: SupervisorJob["language"]) =>
        perform(
          { kind: "programs", language: of, code: text, ...settings(limits, count, Math.max(count, 1)), files: writableTmp, stdins },
          count,
          options,
        );
      return toOutcomes(await performIn(language, code, job, count));
    },
    runTests: async ({ language, code, tests, entryPoint, unittest = false, writableTmp = false, ...limits }, options = {}) => {
      if (entryPoint !== undefined) checkName(entryPoint);
      const count = tests.length;
      const trust = entryPoint === undefined ? "low" : "high";
      const problem = needsTmp(writableTmp);
      if (problem) return toTestResult(failed(count, problem), trust);
      const texts = language === "typescript" ? tests.map((test) => stripTypes(test) ?? test) : tests;
      const testCode = texts.map((test) => Buffer.from(`${JSON.stringify(test)}\n`));
      const job = (text: string, of: SupervisorJob["language"]) =>
        perform(
          {
            kind: "tests",
            language: of,
            code: text,
            ...settings(limits, count, Math.max(count, 1)),
            files: writableTmp,
            entry: entryPoint ?? null,
            unittest,
            sizes: testCode.map(({ length }) => length),
          },
          count,
          options,
          testCode,
        );
      return toTestResult(await performIn(language, code, job, count), trust);
    },
    close: () => {
      closed = true;
      for (const worker of all) worker.close();
    },
  };
}

function checkCount(argument: string, value: number): void {
  if (!(Number.isInteger(value) && value > 0)) throw new InvalidArgumentError({ argument, value, expected: "a positive integer" });
}

function checkName(entryPoint: string): void {
  if (!IDENTIFIER.test(entryPoint)) throw new InvalidArgumentError({ argument: "entryPoint", value: entryPoint, expected: "the name of a function" });
}

const failed = (count: number, detail: string, status = "infrastructure"): SupervisorAnswer => ({
  parses: true,
  results: Array.from({ length: count }, () => [status, detail, 0]),
});

const unparsed = (count: number): SupervisorAnswer => ({ ...failed(count, "SyntaxError", "exception"), parses: false });

const FAILURES: ReadonlySet<string> = new Set([
  "wrong",
  "exception",
  "timeout",
  "memory",
  "output-limit",
  "forbidden",
  "infrastructure",
] satisfies Outcome["status"][]);

/** A status that the protocol does not know, or a value in another form, was forged by the program. */
function toOutcome([status, value, milliseconds]: SupervisorAnswer["results"][number]): Outcome {
  if (status === "ok" && isValue(value)) return { status, value, milliseconds };
  if (FAILURES.has(status) && typeof value === "string") return { status: status as Exclude<Outcome["status"], "ok">, detail: value, milliseconds };
  return { status: "forbidden", detail: "forged an answer", milliseconds };
}

function toOutcomes({ parses, results }: SupervisorAnswer): OutcomeResult {
  return { parses, outcomes: results.map(toOutcome) };
}

function toVerdict(result: SupervisorAnswer["results"][number]): TestVerdict {
  if (result[0] === "pass") return { verdict: "pass", detail: "", milliseconds: result[2] };
  const outcome = toOutcome(result);
  return outcome.status === "ok"
    ? { verdict: "forbidden", detail: "forged an answer", milliseconds: outcome.milliseconds }
    : { verdict: outcome.status, detail: outcome.detail, milliseconds: outcome.milliseconds };
}

function toTestResult({ parses, results }: SupervisorAnswer, trust: TestResult["trust"]): TestResult {
  return { parses, trust, verdicts: results.map(toVerdict) };
}

interface Started {
  level: LocalLevel;
  launch: Launch;
  worker: Worker;
}

/** The first worker, which shows that a level of isolation works here. */
async function startFirst(isolation: LocalLevel | "auto"): Promise<Started> {
  const python = findPython();
  if (python === undefined)
    throw new UnavailableError({ what: "Python", problem: "no python3 was found", wayOut: "Install it, on Debian with: apt-get install python3." });
  const bubblewrap = findBubblewrap();
  let problem = "";
  for (const level of isolation === "auto" ? (["bubblewrap", "process"] as const) : [isolation]) {
    if (level === "bubblewrap" && bubblewrap === undefined) {
      problem = "bwrap was not found";
      continue;
    }
    const launch = launchOf(level, { python, bubblewrap });
    const worker = new Worker(launch);
    try {
      const { filtered } = await worker.start();
      if (filtered || level === "none") return { level, launch, worker };
      problem = "this system does not filter system calls";
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      problem = error.problem;
    }
    worker.close();
  }
  throw new UnavailableError({
    what: isolation === "auto" ? "The sandbox" : `The sandbox with isolation by ${isolation}`,
    problem,
    wayOut: `Install what is missing, on Debian with: apt-get install bubblewrap python3. Isolation "none" runs programs without any.`,
  });
}
