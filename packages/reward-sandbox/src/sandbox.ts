import { toOutcomes, toTestResult } from "./answers.ts";
import {
  checkCount,
  checkFunctionJob,
  checkIsolation,
  checkObject,
  checkProgramJob,
  checkPython,
  checkSubmit,
  checkTestJob,
} from "./check-arguments.ts";
import { chooseProvider } from "./choose-provider.ts";
import { JobRunner } from "./job-runner.ts";
import type { FunctionJob, OutcomeResult, ProgramJob, RunOptions, TestJob, TestResult } from "./jobs.ts";
import type { LocalLevel } from "./local/launch.ts";
import type { PythonInfo } from "./local/own-python.ts";
import { Pool } from "./pool.ts";
import type { Isolation, Provider } from "./provider.ts";
import { Transpiler } from "./transpiler.ts";
import { functionWork, programWork, testWork } from "./worker-jobs.ts";

/** How a sandbox is made. */
export interface SandboxOptions {
  /** Processes that run jobs at the same time. @default 2 */
  workers?: number;
  /** Jobs that `submit` lets wait for a worker before it waits itself. @default 64 */
  maxQueued?: number;
  /** Limit of one call, run or test, milliseconds. @default 2000 */
  wallTimeMs?: number;
  /** Address space of a program, megabytes. @default 512 */
  memoryMb?: number;
  /** `"auto"` takes the strongest that starts here, but never `"none"`; a provider runs programs elsewhere. @default "auto" */
  isolation?: LocalLevel | "pyodide" | "auto" | Provider;
  /**
   * Path of a Python to run programs with, including its installed packages: a virtual environment's `bin/python`, Debian's
   * `/usr/bin/python3`, a version manager's; 3.9 or newer. By default the system's runs them, without packages.
   */
  python?: string;
}

/** Runs untrusted programs. A job that could not run gets `infrastructure` for every item. */
export interface Sandbox {
  /** How its programs are isolated. */
  readonly isolation: Isolation;
  /** The Python that `python` named, and its installed libraries. */
  readonly python?: PythonInfo;
  /** Calls a function. @throws {AbortedError} if the signal fires */
  run(job: FunctionJob, options?: RunOptions): Promise<OutcomeResult>;
  /** Runs whole programs. @throws {AbortedError} if the signal fires */
  runProgram(job: ProgramJob, options?: RunOptions): Promise<OutcomeResult>;
  /** Runs tests that are code. @throws {AbortedError} if the signal fires */
  runTests(job: TestJob, options?: RunOptions): Promise<TestResult>;
  /**
   * Starts something that runs jobs, once fewer than `workers` + `maxQueued` of them are pending; until then it waits, in turns between
   * callers. It slows down callers that make jobs faster than they run: `await sandbox.submit(() => sandbox.run(job))`.
   *
   * @returns once it has started; its result is a separate promise
   * @throws {AbortedError} if the signal fires while it waits
   */
  submit<R>(start: () => Promise<R>, options?: RunOptions): Promise<{ result: Promise<R> }>;
  /** Ends all jobs and their processes; later jobs get `infrastructure`. */
  close(): void;
}

/**
 * Starts a pool of processes for untrusted code.
 *
 * @throws {InvalidArgumentError} naming an option of the wrong kind, or why there is no Python at the path `python`
 * @throws {UnavailableError} if Python is missing or the requested isolation does not start, with the command to install it
 */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  checkObject("options", options, "an object such as { workers, isolation }");
  const { workers = 2, maxQueued = 64, wallTimeMs = 2000, memoryMb = 512, isolation = "auto", python } = options;
  for (const [argument, value] of Object.entries({ workers, maxQueued, wallTimeMs, memoryMb })) checkCount(argument, value);
  checkIsolation(isolation);
  checkPython(python, isolation);
  const { provider, worker: first } = await chooseProvider(isolation, python);
  const places = new Pool(Array.from({ length: workers + maxQueued }, (_, place) => place));
  const transpiler = new Transpiler({ workers, memoryMb, wallTimeMs });
  const runner = new JobRunner({ provider, workers: [...Array.from({ length: workers - 1 }, () => provider.worker()), first], transpiler });
  const defaults = { wallTimeMs, memoryMb };
  const { level } = provider.isolation;
  return {
    isolation: provider.isolation,
    ...(provider.python && { python: provider.python }),
    run: async (job, options = {}) => {
      checkFunctionJob(job, options);
      return toOutcomes(await runner.run(job, functionWork(job, defaults), options), level);
    },
    runProgram: async (job, options = {}) => {
      checkProgramJob(job, options);
      return toOutcomes(await runner.run(job, programWork(job, defaults), options), level);
    },
    runTests: async (job, options = {}) => {
      checkTestJob(job, options);
      const { language, wallTimeMs } = job;
      const tests = await Promise.all(job.tests.map((code) => transpiler.transpileTest({ language, code, wallTimeMs }, options)));
      const trust = job.entryPoint === undefined ? "low" : (provider.trust ?? "high");
      return toTestResult(await runner.run(job, testWork(job, tests, defaults), options), job, trust, level);
    },
    submit: async (start, options = {}) => {
      checkSubmit(start, options);
      return places.submit(start, options);
    },
    close: () => runner.close(),
  };
}
