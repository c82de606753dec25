// Where jobs run. A provider starts workers, on this machine or another; it knows nothing of verdicts and rewards.
import type { Trust } from "./jobs.ts";
import type { PythonInfo } from "./local/own-python.ts";

/** A job for a worker: checked, with all its limits, and in JavaScript if it was TypeScript. */
export interface Job {
  /** Calls of a function (`entry`, `inputs`), runs of a program (`stdins`), or tests that are code (`tests`, `entry`, `unittest`). */
  kind: "functions" | "programs" | "tests";
  /** Language of the program. */
  language: "python" | "javascript";
  /** The program. */
  code: string;
  /** Seconds for each item: call, run or test. */
  walls: readonly number[];
  /** Seconds for the job. */
  total: number;
  /** Bytes, for all processes of the program together. */
  memory: number;
  /** Bytes that one item may output. */
  output: number;
  /** Whether programs may write to a clean /tmp. */
  files: boolean;
  /** Name of the function; for tests `null` if they share the program's process. */
  entry?: string | null;
  /** Arguments of each call, in the form of values.ts. */
  inputs?: readonly (readonly unknown[])[];
  /** Standard input of each run. */
  stdins?: readonly string[];
  /** Test code. It holds expected values: it must not be seen by a process that holds a program, unless `entry` is `null`. */
  tests?: readonly string[];
  /** Whether the tests are `unittest.TestCase` classes of Python. */
  unittest?: boolean;
}

/** A worker's answer. Nothing in it is trusted until it has been checked. */
export interface Answer {
  /** Whether the code parses. */
  parses: boolean;
  /**
   * How each item ended: `ok` with a value in the form of values.ts (for a run, its standard output), `pass` with an empty text, or one of
   * `Failure` with a detail for people.
   */
  results: [status: string, value: unknown, milliseconds: number][];
}

/** Isolation levels by name; SECURITY.md says what each is worth. */
export type IsolationLevel = "bubblewrap" | "process" | "pyodide" | "remote" | "none";

/** How programs are isolated. Reports show it. */
export interface Isolation {
  /** Its name. */
  level: IsolationLevel;
  /** For people: what it prevents, and what it does not. */
  description: string;
}

/** Runs jobs, one at a time. A broken one restarts for the next job. */
export interface Worker {
  /** Makes it ready, unless it already is. @throws {UnavailableError} if it cannot be started */
  start(): Promise<void>;
  /**
   * Runs a job. Keeps no state for the next one.
   *
   * @param signal ends the job
   * @returns undefined if the process that ran the job died or hung: the job is tried once more, and then counts as the cause
   * @throws {UnavailableError} if the worker cannot be started, or what it runs on is gone: this does not count as a failure of the program
   */
  run(
    job: Job,
    options: {
      /** Ends the job. */
      signal?: AbortSignal | undefined;
    },
  ): Promise<Answer | undefined>;
  /** Ends a running job and releases everything. `start` may follow. */
  close(): void;
}

/** A place where programs run. */
export interface Provider {
  /** How it isolates programs. */
  readonly isolation: Isolation;
  /**
   * Trust in tests that run in their own process: `low` if a program may read that process, and the expected values in it.
   *
   * @default "high"
   */
  readonly trust?: Trust;
  /** Languages that it runs; a job in another one gets `infrastructure`. */
  readonly languages: readonly Job["language"][];
  /** Whether it can give jobs a clean, writable /tmp. */
  readonly writableTmp: boolean;
  /** The caller's own Python that runs programs, and its installed packages; absent without one. */
  readonly python?: PythonInfo;
  /** A worker that has not been started. */
  worker(): Worker;
}
