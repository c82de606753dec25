import { join } from "node:path";
import { JsonLinesLog, writeFileAtomic } from "@diffucoder/core";
import { trainingReport } from "@diffucoder/report";
import type { StepMetrics } from "@diffucoder/trainer";
import { METRICS_FILE } from "./training-run.ts";

/** Writes `report.html` of a run that has ended: its curves and its settings. */
export function writeTrainingReport(output: string, { title, recipe }: { title: string; recipe: object }): void {
  const metrics = new JsonLinesLog<StepMetrics>(join(output, METRICS_FILE)).kept;
  writeFileAtomic(join(output, "report.html"), trainingReport({ title, settings: Object.fromEntries(settingsOf(recipe)), metrics }));
}

/** Settings by their path. */
function settingsOf(value: object, path: readonly string[] = []): [path: string, value: string | number][] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]): [string, string | number][] => {
    const at = [...path, key];
    if (typeof inner === "object" && inner !== null) return settingsOf(inner, at);
    return inner === undefined ? [] : [[at.join("."), typeof inner === "number" ? inner : String(inner)]];
  });
}
