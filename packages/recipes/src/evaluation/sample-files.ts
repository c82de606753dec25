import { createHash } from "node:crypto";
import { readBytes } from "@diffucoder/core";
import { readSamples, type Sample, type SampleSource } from "@diffucoder/eval";
import type { LeftOut, TaskSet } from "@diffucoder/tasks";
import type { EvalConfig } from "./eval-config.ts";

/** One set of samples for each file. */
export function sampleFiles(
  { samples: paths = [] }: EvalConfig,
  { whole, taskSet }: { whole: TaskSet; taskSet: TaskSet },
): { label: string; source: SampleSource; samples: Sample[]; leftOut: LeftOut[] }[] {
  const idsOf = ({ tasks }: TaskSet): Set<string> => new Set(tasks.map(({ id }) => id));
  const [allIds, ids] = [idsOf(whole), idsOf(taskSet)];
  return [paths].flat().map((path) => {
    const data = readBytes(path, { wayOut: "Give a file in EvalPlus's sample format with --samples." }).toString("utf8");
    const sha256 = createHash("sha256").update(data).digest("hex");
    const read = readSamples(data, allIds);
    const samples = read.samples.filter(({ taskId }) => ids.has(taskId));
    const outside = read.samples.length - samples.length;
    const leftOut = outside === 0 ? [] : [{ where: `${outside} of ${read.samples.length} samples`, reason: "their tasks are outside idRange" }];
    return { label: path, source: { kind: "file", path, sha256 }, samples, leftOut: [...leftOut, ...read.leftOut] };
  });
}
