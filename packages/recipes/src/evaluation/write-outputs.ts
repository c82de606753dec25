import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { RUN_FILE, writeFileAtomic } from "@diffucoder/core";
import { type EvalResult, formatSamples } from "@diffucoder/eval";
import { evalReport } from "@diffucoder/report";
import type { TaskSet } from "@diffucoder/tasks";

/** The file from which a score can be reproduced. */
export const RESULT_FILE = "eval-result.json";

/** Writes the programs in EvalPlus's format, the report, and last the result. */
export function writeOutputs(output: string, result: EvalResult, { tasks }: TaskSet): void {
  for (const [i, { samples }] of result.runs.entries()) {
    const programs = samples.map(({ taskId, program }) => ({ taskId, solution: program }));
    writeFileAtomic(join(output, result.runs.length === 1 ? "samples.jsonl" : `samples-${i + 1}.jsonl`), formatSamples(programs));
  }
  writeFileAtomic(join(output, "report.html"), evalReport(result, tasks));
  writeFileAtomic(join(output, RESULT_FILE), `${JSON.stringify(result)}\n`);
}

/** Removes what an evaluation left in its folder, and nothing else. */
export function clearEvaluation(output: string): void {
  for (const name of namesIn(output)) {
    const isOurs = [RUN_FILE, RESULT_FILE, "report.html", "scores.jsonl"].includes(name) || /^(samples(-\d+)?|generations-.+)\.jsonl$/.test(name);
    if (isOurs) rmSync(join(output, name), { force: true });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there yet
  }
}
