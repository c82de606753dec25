import type { Language, PythonValue } from "@diffucoder/reward-sandbox";
import type { BenchmarkName } from "./catalogue.ts";

/** A task of a benchmark: what to complete, and how it is tested. */
export interface Problem {
  /** As the benchmark names it, e.g. `"HumanEval/0"`. */
  readonly id: string;
  /** What programs are written in. */
  readonly language: Language;
  /** Code before the completion; a program is `prompt + completion + suffix`. */
  readonly prompt: string;
  /** Code behind the completion; empty except for infilling. */
  readonly suffix: string;
  /** The task in words, where it is not in `prompt`. */
  readonly instruction?: string;
  /** Name of the function. */
  readonly entryPoint: string;
  /** Source put behind every program, which makes the entry point's results plain data; usually empty. */
  readonly wrapper: string;
  /** The benchmark's own completion; absent where it has none. */
  readonly canonical?: string;
  /** Texts at which a completion ends, where the benchmark names them. */
  readonly stops?: readonly string[];
  /** How a program is judged. */
  readonly test: CallTest | CodeTest;
}

/** Calls of the entry point: what is right is what the reference returns. Outputs are compared outside the sandbox. */
export interface CallTest {
  /** Tells it from test code. */
  readonly kind: "calls";
  /** A whole program. */
  readonly reference: string;
  /** Arguments of each call. */
  readonly base: readonly (readonly PythonValue[])[];
  /** The same of the tests that EvalPlus added. */
  readonly plus: readonly (readonly PythonValue[])[];
  /** Absolute, 0 for none. */
  readonly tolerance: number;
}

/** Test code that raises if the program is wrong. */
export interface CodeTest {
  /** Tells it from calls. */
  readonly kind: "code";
  /** Each runs for itself. */
  readonly tests: readonly string[];
  /** Whether the tests only call the entry point with data, so that the program can run in a process of its own. */
  readonly separate: boolean;
  /** Whether the tests are Python's `unittest` classes. */
  readonly unittest: boolean;
  /** Modules that must be importable. */
  readonly libraries: readonly string[];
}

/** A loaded benchmark. */
export interface Benchmark {
  /** As on the command line. */
  readonly name: BenchmarkName;
  /** For people. */
  readonly title: string;
  /** As its publishers number it. */
  readonly version: string;
  /** Of the file, in hexadecimal digits. */
  readonly sha256: string;
  /** The file that it was read from. */
  readonly path: string;
  /** Its tasks. */
  readonly problems: readonly Problem[];
}
