import { JsonLinesLog } from "@diffucoder/core";

/** The figures of one step: a line of a metrics file. */
export interface StepMetrics {
  step: number;
  [figure: string]: number;
}

/**
 * The metrics file of a run, one line per step. Lines of steps after `lastStep` are dropped: they belong to work done
 * after the checkpoint from which the run goes on, and are about to be written again.
 *
 * @throws {FileError}
 */
export function openMetricsLog(path: string, { lastStep }: { lastStep: number }): JsonLinesLog<StepMetrics> {
  return new JsonLinesLog<StepMetrics>(path, { keep: ({ step }) => step <= lastStep });
}
