import { type CheckResult, judge } from "../check.ts";

/** One run of a golden file: what it is, and tokens that differ from the reference's. */
export interface ComparedRun {
  name: string;
  differing: number;
}

/** A check's result from its runs. */
export function judgeRuns(runs: readonly ComparedRun[], note = ""): Omit<CheckResult, "file"> {
  const wrong = runs.filter(({ differing }) => differing > 0);
  const notes = [
    `${runs.length - wrong.length} of ${runs.length} runs equal at every step`,
    ...(note === "" ? [] : [note]),
    ...wrong.map(({ name }) => name),
  ];
  const largest = Math.max(0, ...runs.map(({ differing }) => differing));
  return judge([{ what: "tokens that differ", error: largest, tolerance: 0 }], notes.join("; "));
}
