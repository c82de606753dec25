import type { PythonValue } from "@diffucoder/reward-sandbox";

/** How programs of a task are judged. */
export type Tests = CallTests | CodeTests | RunTests | ReferenceTests;

/** Calls of the entry point and what they should return, compared outside the sandbox by exact type. */
export interface CallTests {
  /** Tells them from other tests. */
  readonly kind: "calls";
  /** Arguments of each call and what it should return, as the sandbox reads values. */
  readonly calls: readonly (readonly [args: readonly unknown[], expected: unknown])[];
}

/** Test code that raises if the program is wrong. */
export interface CodeTests {
  /** Tells it from other tests. */
  readonly kind: "code";
  /** Each runs on its own. */
  readonly tests: readonly string[];
  /** Whether the tests only call the entry point with data, so that the program can run in a process of its own. */
  readonly separate: boolean;
  /** Whether the tests are Python's `unittest` classes. @default false */
  readonly unittest?: boolean | undefined;
  /** Modules that must be importable. @default [] */
  readonly libraries?: readonly string[] | undefined;
  /** Source appended to every program, which makes the entry point's results plain data. @default "" */
  readonly wrapper?: string | undefined;
}

/**
 * Runs of a whole program: standard input goes in, and standard output is compared line by line; blanks at the end of a line and of the text do not
 * count.
 */
export interface RunTests {
  /** Tells them from other tests. */
  readonly kind: "runs";
  /** One for each run. */
  readonly runs: readonly {
    /** What the program reads. */
    readonly stdin: string;
    /** What it should write. */
    readonly stdout: string;
  }[];
}

/** Calls of the entry point whose right results are the reference's, by EvalPlus's rules. For evaluation only. */
export interface ReferenceTests {
  /** Tells them from other tests. */
  readonly kind: "reference";
  /** A whole program. */
  readonly reference: string;
  /** Arguments of each call. */
  readonly base: readonly (readonly PythonValue[])[];
  /** The same for the tests that EvalPlus added. */
  readonly plus: readonly (readonly PythonValue[])[];
  /** Absolute tolerance, 0 for none. */
  readonly tolerance: number;
  /** Source appended to every program, which makes the entry point's results plain data. @default "" */
  readonly wrapper?: string | undefined;
}
