// Where jobs run. A provider starts workers, on this machine or on another; what a verdict or a reward is it does not know.
import type { Trust } from "./jobs.ts";
import type { PythonInfo } from "./local/own-python.ts";

/** A job as a worker gets it: checked, with all its limits, and in JavaScript if it was TypeScript. */
export interface Job {
  /** Calls of a function (`entry`, `inputs`), runs of a program (`stdins`), or tests that are code (`tests`, `entry`, `unittest`). */
  kind: "functions" | "programs" | "tests";
  /** What the program is written in. */
  language: "python" | "javascript";
  /** The program. */
  code: string;
  /** Seconds for each item: call, run or test. */
  walls: readonly number[];
  /** Seconds for the job. */
  total: number;
  /** Bytes, for all processes of the program together. */
  memory: number;
  /** Bytes that one item may put out. */
  output: number;
  /** Whether programs may write to a clean /tmp. */
  files: boolean;
  /** Name of the function; for tests `null` if they share the program's process. */
  entry?: string | null;
  /** Arguments of each call, written as values.ts says. */
  inputs?: readonly (readonly unknown[])[];
  /** Standard input of each run. */
  stdins?: readonly string[];
  /** Test code. It holds expected values: it must not be seen by a process that holds a program, unless `entry` is `null`. */
  tests?: readonly string[];
  /** Whether the tests are `unittest.TestCase` classes of Python. */
  unittest?: boolean;
}

/** What a worker answers. Nothing of it is believed before it was checked. */
export interface Answer {
  /** Whether the code parses. */
  parses: boolean;
  /**
   * How each item ended: `ok` with a value as values.ts says (of a run: its standard output), `pass` with an empty text, or one of
   * `Failure` with a detail for people.
   */
  results: [status: string, value: unknown, milliseconds: number][];
}

/** What keeps programs apart, by name; SECURITY.md says what each is worth. */
export type IsolationLevel = "bubblewrap" | "process" | "pyodide" | "remote" | "none";

/** What keeps programs apart. Reports carry it. */
export interface Isolation {
  /** Its name. */
  level: IsolationLevel;
  /** For people: what is kept away, and what is not. */
  description: string;
}

/** Runs jobs, one at a time. A broken one restarts for the next job. */
export interface Worker {
  /** Makes it ready, unless it is. @throws {UnavailableError} if it cannot be started */
  start(): Promise<void>;
  /**
   * Runs a job. Keeps no state of it for the next one.
   *
   * @param signal ends the job
   * @returns undefined if the process that ran the job died or hung: the job is tried once more, and then counts as its cause
   * @throws {UnavailableError} if the worker cannot be started, or what it runs on is gone: then it is no failure of the program
   */
  run(
    job: Job,
    options: {
      /** Ends the job. */
      signal?: AbortSignal | undefined;
    },
  ): Promise<Answer | undefined>;
  /** Ends a job that runs, and lets go of everything. `start` may follow. */
  close(): void;
}

/** A place where programs run. */
export interface Provider {
  /** What keeps programs apart there. */
  readonly isolation: Isolation;
  /**
   * What tests in a process of their own are worth: `low` where a program may read that process, and the expected values in it.
   *
   * @default "high"
   */
  readonly trust?: Trust;
  /** What it runs; a job in another language is answered `infrastructure`. */
  readonly languages: readonly Job["language"][];
  /** Whether it can give jobs a clean, writable /tmp. */
  readonly writableTmp: boolean;
  /** The Python of the caller's own that runs programs, and what is installed for it; absent where there is none. */
  readonly python?: PythonInfo;
  /** A worker that has not been started. */
  worker(): Worker;
}
