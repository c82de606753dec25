import type { Language, VerdictName } from "../jobs.ts";
import type { IsolationLevel } from "../provider.ts";

/** What both tests of an attack may end as. Alternatives are for what the machine's speed decides, such as memory or time. */
export type Verdicts = VerdictName | readonly VerdictName[];

/**
 * A program that tries to pass without solving its task, or to harm its surroundings. The task is `f(x) = 998244353 x + 7`, tested at
 * x = 1 and x = 2. Each runs as calls of a function, against tests in a process of their own, and against tests in its own process.
 */
export interface Attack {
  /** Completes "a program that ...". */
  name: string;
  /** @default "python" */
  language?: Language;
  code: string;
  /** The test code that it is aimed at, instead of one `assert`. */
  test?: string;
  /** Under bubblewrap, as calls and against tests in a process of their own. */
  verdict: Verdicts;
  /** Where it differs from `verdict`. */
  weaker?: Partial<Record<Exclude<IsolationLevel, "bubblewrap" | "remote">, Verdicts>>;
  /** Under `process` on a kernel without Landlock, where it differs from that level. */
  withoutLandlock?: Verdicts;
  /** Under `bubblewrap`, for a job that may write to /tmp, on a Python with its packages, where it differs from `verdict`. */
  withPackages?: Verdicts;
  /** Against tests in its own process: an attack on that protocol itself, which trust "low" stands for. */
  passesInside?: boolean;
}

/** What the task's tests want. A file with these values lies at `ANSWERS_FILE` outside the sandbox. */
export const expectedOf = (x: number): number => 998_244_353 * x + 7;
export const ANSWERS_FILE = `/tmp/diffucoder-attack-answers-${process.pid}.json`;
