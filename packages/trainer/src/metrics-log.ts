import { JsonLinesLog, readJsonLines, writeFileAtomic } from "@diffucoder/core";

/** The figures of one step: a line of a metrics file. */
export interface StepMetrics {
  /** The step, from 1. */
  step: number;
  [figure: string]: number;
}

/**
 * The metrics file of a run, one line per step. Lines of steps after `lastStep` are dropped: they belong to work done
 * after the checkpoint from which the run resumes, and will be written again.
 *
 * @throws {FileError}
 */
export function openMetricsLog(path: string, { lastStep }: MetricsLogOptions): JsonLinesLog<StepMetrics> {
  return new JsonLinesLog<StepMetrics>(path, { keep: ({ step }) => step <= lastStep });
}

interface MetricsLogOptions {
  /** Last step whose line stays. */
  lastStep: number;
}

/**
 * Copies a metrics file to CSV beside it, `metrics.jsonl` to `metrics.csv`, for spreadsheets and pandas: a column for each figure, a
 * row for each step, empty where a step lacks the figure.
 *
 * @throws {FileError}
 */
export function writeMetricsCsv(path: string): void {
  const lines = readJsonLines(path, { check: (value) => value as StepMetrics, dropCutLine: true });
  const figures = [...new Set(lines.flatMap((line) => Object.keys(line)))];
  const rows = lines.map((line) => figures.map((figure) => line[figure] ?? "").join(","));
  writeFileAtomic(path.replace(/(\.jsonl)?$/, ".csv"), [figures.join(","), ...rows, ""].join("\n"));
}
