import { AbortedError, UnavailableError } from "@diffucoder/core";
import { failed, toOutcomes, toTestResult, unparsed, unstripped } from "./answers.ts";
import {
  checkCount,
  checkFunctionJob,
  checkIsolation,
  checkObject,
  checkProgramJob,
  checkPython,
  checkSubmit,
  checkTestJob,
  givenInputs,
} from "./check-arguments.ts";
import { chooseProvider } from "./choose-provider.ts";
import type { FunctionJob, Language, Limits, OutcomeResult, ProgramJob, RunOptions, TestJob, TestResult } from "./jobs.ts";
import type { LocalLevel } from "./local/launch.ts";
import type { PythonInfo } from "./local/own-python.ts";
import { Pool } from "./pool.ts";
import type { Answer, Isolation, Job, Provider } from "./provider.ts";
import { TypeStripper } from "./type-stripper.ts";

/** How a sandbox is made. */
export interface SandboxOptions {
  /** Processes that run jobs at the same time. @default 2 */
  workers?: number;
  /** Jobs that `submit` lets wait for a worker, before it waits itself. @default 64 */
  maxQueued?: number;
  /** Limit of one call, run or test, milliseconds. @default 2000 */
  wallTimeMs?: number;
  /** Address space of a program, megabytes. @default 512 */
  memoryMb?: number;
  /** `"auto"` takes the strongest that starts here, and never `"none"`; a provider runs programs elsewhere. @default "auto" */
  isolation?: LocalLevel | "pyodide" | "auto" | Provider;
  /**
   * Path of a Python that runs programs, which may then import what is installed for it: a virtual environment's `bin/python`, Debian's
   * `/usr/bin/python3`, a version manager's; 3.9 or newer. Without it the system's runs them, and they import its own modules alone.
   */
  python?: string;
}

/** Runs untrusted programs. A job that it could not run is answered `infrastructure` for every item. */
export interface Sandbox {
  /** What keeps its programs apart. */
  readonly isolation: Isolation;
  /** The Python that `python` named, and the libraries that are installed for it. */
  readonly python?: PythonInfo;
  /** Calls a function. @throws {AbortedError} if the signal says so */
  run(job: FunctionJob, options?: RunOptions): Promise<OutcomeResult>;
  /** Runs whole programs. @throws {AbortedError} if the signal says so */
  runProgram(job: ProgramJob, options?: RunOptions): Promise<OutcomeResult>;
  /** Runs tests that are code. @throws {AbortedError} if the signal says so */
  runTests(job: TestJob, options?: RunOptions): Promise<TestResult>;
  /**
   * Starts something that runs jobs, once fewer than `workers` + `maxQueued` such are under way; until then it waits, in turns between
   * callers. It holds back callers that make jobs faster than they run: `await sandbox.submit(() => sandbox.run(job))`.
   *
   * @returns once it was started: its result is a promise of its own
   * @throws {AbortedError} if the signal says so while it waits
   */
  submit<R>(start: () => Promise<R>, options?: RunOptions): Promise<{ result: Promise<R> }>;
  /** Ends all jobs and their processes; jobs that come later are answered `infrastructure`. */
  close(): void;
}

/** What the type stripper must know of a program. */
interface Stripping {
  language?: Language | undefined;
  entryPoint?: string | undefined;
  wallTimeMs?: number | undefined;
}

/** A job that ends its supervisor is tried so often; then it is the job's own doing. */
const ATTEMPTS = 2;
/** A function may have this many times its limit of one call for all calls together. */
const CALLS_WORTH = 3;

/**
 * Starts a pool of processes for untrusted code.
 *
 * @throws {InvalidArgumentError} naming an option of the wrong kind, or why there is no Python at the path `python`
 * @throws {UnavailableError} if Python is missing or the asked-for isolation does not start, with the command to install it
 */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  checkObject("options", options, "an object such as { workers, isolation }");
  const { workers = 2, maxQueued = 64, wallTimeMs = 2000, memoryMb = 512, isolation = "auto", python } = options;
  for (const [argument, value] of Object.entries({ workers, maxQueued, wallTimeMs, memoryMb })) checkCount(argument, value);
  checkIsolation(isolation);
  checkPython(python, isolation);
  const { provider, worker: first } = await chooseProvider(isolation, python);
  const all = [...Array.from({ length: workers - 1 }, () => provider.worker()), first];
  const pool = new Pool(all);
  const places = new Pool(Array.from({ length: workers + maxQueued }, (_, place) => place));
  const strippers = new Pool(Array.from({ length: workers }, () => new TypeStripper({ memoryMb })));
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
  const perform = async (job: Job, count: number, options: RunOptions): Promise<Answer> => {
    if (!provider.languages.includes(job.language)) return failed(count, `isolation by ${provider.isolation.level} does not run ${job.language}`);
    if (job.files && !provider.writableTmp) return failed(count, `isolation by ${provider.isolation.level} has no writable /tmp that can be wiped`);
    if (closed) return failed(count, "the sandbox was closed");
    return pool.use(async (worker) => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        let answer;
        try {
          answer = await worker.run(job, { signal: options.signal });
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

  /** Whether a program is one that an engine does not run as it is. */
  const isToBeStripped = (language: Language | undefined, code: string): boolean =>
    language === "typescript" || (language === "javascript" && /\b(import|export)\b/.test(code));
  const strip = (code: string, { language, entryPoint, wallTimeMs: milliseconds = wallTimeMs }: Stripping, options: RunOptions) =>
    strippers.use((stripper) => stripper.strip(code, { milliseconds, types: language === "typescript", entryPoint }), options);

  const performIn = async (
    { language, code, entryPoint, wallTimeMs }: Stripping & Pick<TestJob, "code">,
    job: (code: string, of: Job["language"]) => Promise<Answer>,
    count: number,
    options: RunOptions,
  ) => {
    if (!isToBeStripped(language, code)) return job(code, language === undefined || language === "python" ? "python" : "javascript");
    let stripped;
    try {
      stripped = await strip(code, { language, entryPoint, wallTimeMs }, options);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      return failed(count, error.message);
    }
    if (closed) return failed(count, "the sandbox was closed");
    if ("code" in stripped) return job(stripped.code, "javascript");
    return stripped.failure === "syntax" ? unparsed(count) : unstripped(count, stripped.failure);
  };

  return {
    isolation: provider.isolation,
    ...(provider.python && { python: provider.python }),
    run: async (functionJob, options = {}) => {
      checkFunctionJob(functionJob, options);
      const { entryPoint, callTimesMs, ...limits } = functionJob;
      const inputs = givenInputs(functionJob);
      const count = inputs.length;
      const common = settings(limits, count, CALLS_WORTH);
      const walls = callTimesMs?.map((milliseconds) => milliseconds / 1000) ?? common.walls;
      const job = (text: string, of: Job["language"]) =>
        perform(
          {
            kind: "functions",
            language: of,
            code: text,
            ...common,
            walls,
            files: false,
            entry: entryPoint,
            inputs,
          },
          count,
          options,
        );
      return toOutcomes(await performIn(functionJob, job, count, options), provider.isolation.level);
    },
    runProgram: async (programJob, options = {}) => {
      checkProgramJob(programJob, options);
      const { stdins, writableTmp = false, ...limits } = programJob;
      const count = stdins.length;
      const job = (text: string, of: Job["language"]) =>
        perform(
          { kind: "programs", language: of, code: text, ...settings(limits, count, Math.max(count, 1)), files: writableTmp, stdins },
          count,
          options,
        );
      return toOutcomes(await performIn(programJob, job, count, options), provider.isolation.level);
    },
    runTests: async (testJob, options = {}) => {
      checkTestJob(testJob, options);
      const { language, tests, entryPoint, unittest = false, writableTmp = false, ...limits } = testJob;
      const count = tests.length;
      const trust = entryPoint === undefined ? "low" : (provider.trust ?? "high");
      const typeless = async (test: string): Promise<string> => {
        if (!isToBeStripped(language, test)) return test;
        const stripped = await strip(test, { language, wallTimeMs: testJob.wallTimeMs }, options).catch(() => ({}));
        return "code" in stripped ? stripped.code : test; // the engine says what is wrong with it
      };
      const texts = await Promise.all(tests.map(typeless));
      const job = (text: string, of: Job["language"]) =>
        perform(
          {
            kind: "tests",
            language: of,
            code: text,
            ...settings(limits, count, Math.max(count, 1)),
            files: writableTmp,
            entry: entryPoint ?? null,
            unittest,
            tests: texts,
          },
          count,
          options,
        );
      return toTestResult(await performIn(testJob, job, count, options), testJob, trust, provider.isolation.level);
    },
    submit: async (start, jobOptions = {}) => {
      checkSubmit(start, jobOptions);
      return places.submit(start, jobOptions);
    },
    close: () => {
      closed = true;
      for (const worker of all) worker.close();
      for (const stripper of strippers.items) stripper.close();
    },
  };
}
