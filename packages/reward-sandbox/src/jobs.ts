// A sandbox's jobs and answers.

import type { IsolationLevel } from "./provider.ts";

/** Language of programs; TypeScript is stripped of its types, not checked. */
export type Language = "python" | "javascript" | "typescript";

/** Limits of a job, instead of the sandbox's. */
export interface Limits {
  /** Of one call, run or test, milliseconds. @default the sandbox's */
  wallTimeMs?: number;
  /** Of the whole job, milliseconds. @default three times `wallTimeMs`; for tests and runs, `wallTimeMs` times their number */
  totalTimeMs?: number;
  /** Address space of each process of the job, and total memory of all of them, megabytes. @default the sandbox's */
  memoryMb?: number;
  /** Output of one call or run, megabytes. @default 1 */
  outputMb?: number;
}

/** Calls of a function: inputs go in and outputs come out, to be compared outside. */
export interface FunctionJob extends Limits {
  /** Language of the program. @default "python" */
  language?: Language;
  /** The program, which defines the function. */
  code: string;
  /** Name of the function. */
  entryPoint: string;
  /**
   * Arguments of each call. JavaScript has one kind of number: an integer is an int and any other number a float, so write `{ float: 4 }` for a float
   * without a fraction and `2n ** 64n` or `{ int: "18446744073709551616" }` for a large integer. Objects and Maps are dicts, Sets are sets, `null` is
   * None; an object whose only key is a tag of `PythonValue`, as `{ tuple: [1, 2] }`, is what the tag says. Read JSON data with
   * `parsePythonJson`. JavaScript and TypeScript values need no tags.
   */
  inputs: readonly (readonly unknown[])[];
  /** Limit of each call, milliseconds, instead of `wallTimeMs`. */
  callTimesMs?: readonly number[];
}

/** Runs of a whole program: standard input goes in and standard output comes out. */
export interface ProgramJob extends Limits {
  /** Language of the program. @default "python" */
  language?: Language;
  /** The program. */
  code: string;
  /** Standard input of each run. */
  stdins: readonly string[];
  /** A clean, writable /tmp for each run; only under bubblewrap. @default false */
  writableTmp?: boolean;
}

/** Tests that are code: statements that raise if the program is wrong. */
export interface TestJob extends Limits {
  /** Language of the program and its tests. @default "python" */
  language?: Language;
  /** The program. */
  code: string;
  /**
   * Each runs separately, with its own copy of the program, as a script. Functions `test...` and `check(candidate)` and (in Python)
   * `unittest.TestCase` classes that it defines and does not use are run too.
   */
  tests: readonly string[];
  /**
   * The function that the tests call, under this name or as `candidate`. The program then runs in a separate process from
   * the tests; only plain data crosses, and exceptions to the statements that expect them, so the tests can be trusted. A test that
   * never calls it gets `infrastructure`. Without it both share a process that the program can take over, and only a test of
   * comments alone gets `infrastructure`.
   */
  entryPoint?: string;
  /** Python: the tests must define `unittest.TestCase` classes; one without fails. @default false */
  unittest?: boolean;
  /** A clean, writable /tmp for each test; only under bubblewrap. @default false */
  writableTmp?: boolean;
}

/**
 * How a call, run or test failed.
 * - `wrong`: a check failed, or the value is not plain data of exactly Python's or JavaScript's own types
 * - `exception`: it raised (the detail names what), exited early ("exit"), does not parse, or has no such function
 * - `timeout`, `memory`, `output-limit`: it exceeded a limit
 * - `forbidden`: it tried what the sandbox denies, or forged an answer
 * - `infrastructure`: the sandbox failed, or the test cannot judge (it never calls the program); this says nothing about the
 *   program and must not count as a failure
 */
export type Failure = "wrong" | "exception" | "timeout" | "memory" | "output-limit" | "forbidden" | "infrastructure";

/** How a test ended. */
export type VerdictName = "pass" | Failure;

/** `high`: only a program that computes its answer can pass. `low`: the program could have forged the pass. */
export type Trust = "high" | "low";

/** How a call or run ended: with a value, written as `PythonValue` says, or how it failed. */
export type Outcome =
  | {
      /** It returned. */
      status: "ok";
      /** What a call returned, or what a run printed. */
      value: unknown;
      /** As seen from outside the program. */
      milliseconds: number;
    }
  | {
      /** How it failed. */
      status: Failure;
      /** For people. */
      detail: string;
      /** As seen from outside the program. */
      milliseconds: number;
    };

/** How the calls or runs of a job ended. */
export interface OutcomeResult {
  /** How the program was isolated; SECURITY.md says what each level is worth. */
  isolation: IsolationLevel;
  /** Whether the code parses. */
  parses: boolean;
  /** One for each input. The value of a run is its standard output. */
  outcomes: Outcome[];
}

/** How a test ended, and why. */
export interface TestVerdict {
  /** `"pass"`, or how it failed. */
  verdict: VerdictName;
  /** For people; empty for a pass. */
  detail: string;
  /** As seen from outside the program. */
  milliseconds: number;
}

/** How the tests of a job ended. */
export interface TestResult {
  /** How the program was isolated; SECURITY.md says what each level is worth. */
  isolation: IsolationLevel;
  /** Whether the code parses. */
  parses: boolean;
  /** Whether the program could have forged its verdicts. */
  trust: Trust;
  /** One for each test. */
  verdicts: TestVerdict[];
}

/** How a job is run. */
export interface RunOptions {
  /** Ends the job, or takes it out of the queue. */
  signal?: AbortSignal | undefined;
  /** Name of the caller: workers are shared fairly between callers, however many jobs each has waiting. @default "" */
  caller?: string;
}
