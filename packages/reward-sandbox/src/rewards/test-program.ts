// Runs a program against its tests, in any of their three forms: a verdict for each.
import { sameOutput } from "../equality.ts";
import type { Language, Limits, Outcome, Trust, VerdictName } from "../jobs.ts";
import type { Sandbox } from "../sandbox.ts";

/** How a program is tested: by calls and what they return, by statements, or by runs and what they print. */
export type ProgramTests = {
  /** Language of the program, and of the fence around it. @default "python" */
  language?: Language;
} & (
  | {
      /** Name of the function. */
      entryPoint: string;
      /**
       * Arguments of a call and what it should return. JavaScript has one kind of number: for a Python float without a
       * fraction write `{ float: 4 }`, and a large integer as `2n ** 64n` or `{ int: "18446744073709551616" }`. Objects and Maps are dicts, Sets are
       * sets, and `{ tuple: [1, 2] }` is a tuple: an object whose only key is a tag of `PythonValue` is what the tag says.
       */
      tests: readonly (readonly [args: readonly unknown[], expected: unknown])[];
    }
  | {
      /** Name of the function. Without it the asserts share the program's process, and their verdicts have low trust. */
      entryPoint?: string;
      /** Statements that raise if the program is wrong; each runs separately. */
      asserts: readonly string[];
    }
  | {
      /** Runs of the whole program. Output is compared line by line; blanks at the end of a line and of the text do not count. */
      runs: readonly {
        /** What the program reads. */
        readonly stdin: string;
        /** What it should print. */
        readonly stdout: string;
      }[];
    }
);

/** How a test of a program ended, and the test. */
export type Verdict = {
  /** `"pass"`, or how it failed. */
  verdict: VerdictName;
  /** The returned value, the output, or a detail such as the exception's name. */
  got: unknown;
} & (
  | {
      /** Arguments of the call. */
      args: readonly unknown[];
      /** What it should return. */
      expected: unknown;
    }
  | {
      /** The statement. */
      assert: string;
    }
  | {
      /** What the program read. */
      stdin: string;
      /** What it should have printed. */
      stdout: string;
    }
);

/** What `testProgram` works on. */
export interface TestProgramOptions {
  /** Where the program runs. */
  sandbox: Sandbox;
  /** The program. */
  code: string;
  /** Its tests. */
  tests: ProgramTests;
  /** Limits instead of the sandbox's. @default the sandbox's */
  limits?: Limits;
  /** Stops it. */
  signal?: AbortSignal | undefined;
}

/** How a program did. */
export interface TestedProgram {
  /** Whether the code parses. */
  parses: boolean;
  /** Whether the program could have forged its verdicts. */
  trust: Trust;
  /** One for each test. */
  verdicts: Verdict[];
}

/**
 * Runs a program against its tests.
 *
 * @throws {InvalidArgumentError} if the sandbox cannot run a test
 * @throws {AbortedError} if the signal fires
 */
export async function testProgram({ sandbox, code, tests, limits = {}, signal }: TestProgramOptions): Promise<TestedProgram> {
  const { language } = tests;
  const job = { ...limits, ...(language && { language }), code };
  if ("runs" in tests) {
    const { parses, outcomes } = await sandbox.runProgram({ ...job, stdins: tests.runs.map(({ stdin }) => stdin) }, { signal });
    const same = (got: unknown, expected: string): boolean => typeof got === "string" && linesOf(got) === linesOf(expected);
    const verdicts = tests.runs.map(({ stdin, stdout }, i): Verdict => ({ stdin, stdout, ...judged(outcomes[i], (got) => same(got, stdout)) }));
    return { parses, trust: "high", verdicts };
  }
  if ("tests" in tests) {
    const { entryPoint, tests: calls } = tests;
    const { parses, outcomes } = await sandbox.run({ ...job, entryPoint, inputs: calls.map(([args]) => args) }, { signal });
    const verdicts = calls.map(([args, expected], i): Verdict => ({
      args,
      expected,
      ...judged(outcomes[i], (got) => sameOutput(got, expected, { language })),
    }));
    return { parses, trust: "high", verdicts };
  }
  const { entryPoint, asserts } = tests;
  const { parses, trust, verdicts } = await sandbox.runTests({ ...job, tests: asserts, ...(entryPoint !== undefined && { entryPoint }) }, { signal });
  return { parses, trust, verdicts: verdicts.map(({ verdict, detail }, i): Verdict => ({ assert: asserts[i]!, verdict, got: detail })) };
}

/** The verdicts of a program that is not run: every test ends the same way. */
export function endAlike(tests: ProgramTests, ending: Pick<Verdict, "verdict" | "got">): Verdict[] {
  if ("runs" in tests) return tests.runs.map((run) => ({ ...ending, ...run }));
  if ("tests" in tests) return tests.tests.map(([args, expected]) => ({ ...ending, args, expected }));
  return tests.asserts.map((assert) => ({ ...ending, assert }));
}

function judged(outcome: Outcome | undefined, isRight: (value: unknown) => boolean): Pick<Verdict, "verdict" | "got"> {
  if (outcome === undefined) return { verdict: "infrastructure", got: "no answer" };
  if (outcome.status !== "ok") return { verdict: outcome.status, got: outcome.detail };
  return { verdict: isRight(outcome.value) ? "pass" : "wrong", got: outcome.value };
}

/** A text without trailing blanks, in each line and at its end. */
function linesOf(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .join("\n")
    .trimEnd();
}
