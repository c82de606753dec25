// The tests on a line: visible ones as `tests`, `asserts`, or `stdin` and `stdout`; hidden ones in `hidden_tests`, in the form of any of the three.
import type { CallTests, CodeTests, RunTests } from "./tests.ts";

type LineTests = CallTests | CodeTests | RunTests;
type Call = [unknown[], unknown];

/** A line's keys for its tests. */
interface RawTests {
  entry_point?: string | undefined;
  tests?: Call[] | undefined;
  asserts?: string[] | undefined;
  stdin?: string | string[] | undefined;
  stdout?: string | string[] | undefined;
  hidden_tests?: (Call | string | [string, string])[] | undefined;
}

/** What is wrong with a line's tests as a whole. */
export function testsProblem(raw: RawTests): { code: "custom"; path: string[]; message: string } | undefined {
  const { entry_point: entryPoint, tests, asserts, stdin, stdout, hidden_tests: hidden } = raw;
  const at = (path: string[], message: string): ReturnType<typeof testsProblem> => ({ code: "custom", path, message });
  if ((stdin === undefined) !== (stdout === undefined)) return at([], "stdin and stdout must be given together");
  const forms = [tests, asserts, stdin].filter((form) => form !== undefined).length;
  if (forms > 1) return at([], "give only one of tests, asserts, or stdin and stdout");
  if (forms === 0 && hidden === undefined) return at([], "give tests, asserts, or stdin and stdout; or hidden_tests");
  if (listOf(stdin).length !== listOf(stdout).length) return at(["stdout"], `must have as many entries as stdin (${listOf(stdin).length})`);
  const hiddenForms = new Set(hidden?.map(formOf));
  if (hiddenForms.size > 1) return at(["hidden_tests"], `must all have the same form, got ${[...hiddenForms].join(" and ")}`);
  if (entryPoint === undefined && (tests !== undefined || hiddenForms.has("calls"))) return at([], "tests need an entry_point");
  return undefined;
}

/** The tests of a line without a problem. */
export function testsOf(raw: RawTests): { visible: LineTests | undefined; hidden: LineTests | undefined } {
  const { tests, asserts, stdin, stdout, hidden_tests: hidden } = raw;
  const own = tests ?? asserts ?? listOf(stdin).map((text, i): [string, string] => [text, listOf(stdout)[i]!]);
  const separate = raw.entry_point !== undefined;
  return { visible: own.length === 0 ? undefined : inForm(own, separate), hidden: hidden && inForm(hidden, separate) };
}

function inForm(tests: NonNullable<RawTests["hidden_tests"]>, separate: boolean): LineTests {
  switch (formOf(tests[0]!)) {
    case "calls":
      return { kind: "calls", calls: tests as Call[] };
    case "statements":
      return { kind: "code", tests: tests as string[], separate };
    case "runs":
      return { kind: "runs", runs: (tests as [string, string][]).map(([stdin, stdout]) => ({ stdin, stdout })) };
  }
}

function formOf(test: Call | string | [string, string]): "calls" | "statements" | "runs" {
  if (typeof test === "string") return "statements";
  return Array.isArray(test[0]) ? "calls" : "runs";
}

const listOf = (value: string | string[] | undefined): string[] => (value === undefined ? [] : [value].flat());
