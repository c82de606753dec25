// A worker's answers, checked and converted to the types of jobs.ts.
import type { Language, Outcome, OutcomeResult, TestJob, TestResult, TestVerdict } from "./jobs.ts";
import type { Answer, IsolationLevel } from "./provider.ts";
import { isValue } from "./values.ts";

/** The same for each of `count` items. */
export const failed = (count: number, detail: string, status = "infrastructure"): Answer => ({
  parses: true,
  results: Array.from({ length: count }, () => [status, detail, 0]),
});

export const unparsed = (count: number): Answer => ({ ...failed(count, "SyntaxError", "exception"), parses: false });

/** A TypeScript program whose types cost the parser more than a call may cost. */
export const unstripped = (count: number, limit: "timeout" | "memory"): Answer => ({
  ...failed(count, limit === "timeout" ? "its types take too long to parse" : "its types take too much memory to parse", limit),
  parses: false,
});

const FAILURES: ReadonlySet<string> = new Set([
  "wrong",
  "exception",
  "timeout",
  "memory",
  "output-limit",
  "forbidden",
  "infrastructure",
] satisfies Outcome["status"][]);

/** Characters of a detail; a program chooses the names of its exceptions. */
const DETAIL_LENGTH = 500;
const shortened = (detail: string): string => (detail.length > DETAIL_LENGTH ? `${detail.slice(0, DETAIL_LENGTH)}...` : detail);

/** An unknown status, or a value in the wrong form, was forged by the program. */
function toOutcome([status, value, milliseconds]: Answer["results"][number]): Outcome {
  if (status === "ok" && isValue(value)) return { status, value, milliseconds };
  if (FAILURES.has(status) && typeof value === "string") {
    return { status: status as Exclude<Outcome["status"], "ok">, detail: shortened(value), milliseconds };
  }
  return { status: "forbidden", detail: "forged an answer", milliseconds };
}

export function toOutcomes({ parses, results }: Answer, isolation: IsolationLevel): OutcomeResult {
  return { isolation, parses, outcomes: results.map(toOutcome) };
}

function toVerdict(result: Answer["results"][number]): TestVerdict {
  if (result[0] === "pass") return { verdict: "pass", detail: "", milliseconds: result[2] };
  const outcome = toOutcome(result);
  return outcome.status === "ok"
    ? { verdict: "forbidden", detail: "forged an answer", milliseconds: outcome.milliseconds }
    : { verdict: outcome.status, detail: outcome.detail, milliseconds: outcome.milliseconds };
}

/** Whether test code contains anything but comments. */
const hasStatement = (test: string, language: Language): boolean =>
  language === "python" ? /^[^\S\n]*[^\s#]/m.test(test) : /\S/.test(test.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ""));

/** Any program passes a test of comments alone, so it cannot judge one. */
export function toTestResult({ parses, results }: Answer, job: TestJob, trust: TestResult["trust"], isolation: IsolationLevel): TestResult {
  const verdicts = results.map((result, i) => {
    const { verdict, detail, milliseconds } = toVerdict(result);
    const canJudge = verdict !== "pass" || hasStatement(job.tests[i]!, job.language ?? "python");
    return canJudge ? { verdict, detail, milliseconds } : { verdict: "infrastructure" as const, detail: "the test has no statement", milliseconds };
  });
  return { isolation, parses, trust, verdicts };
}
