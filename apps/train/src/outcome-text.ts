import { basename } from "node:path";
import type { Interval, PassComparison } from "@diffucoder/eval";
import type { QuickstartOutcome } from "@diffucoder/recipes";

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const range = ([low, high]: Interval, format: (share: number) => string): string => `${format(low)} to ${format(high)}`;
const points = (share: number): string => `${share < 0 ? "-" : "+"}${Math.abs(100 * share).toFixed(1)}`;

/** What the main job found, for a terminal. */
export function outcomeText({ report, reportPath, modelDir }: QuickstartOutcome): string {
  const { passAt1, passAtK, samplesPerTask, tasks, seconds, seed, infrastructureFailures = 0, next } = report;
  return [
    `Coupled-GRPO on ${tasks} held-out tasks, ${samplesPerTask} completions each, seed ${seed}, ${duration(seconds)}:`,
    comparisonText("pass@1", passAt1),
    ...(passAtK === undefined ? [] : [comparisonText(`pass@${passAtK.k}`, passAtK.comparison)]),
    verdict(passAt1),
    ...(infrastructureFailures > 0 ? [`${infrastructureFailures} completions could not be scored and were left out.`] : []),
    "",
    `Report: ${reportPath}`,
    `Model:  ${modelDir}`,
    "",
    "What to try next:",
    ...next.map((line) => `- ${line.replaceAll("`", "")}`),
  ].join("\n");
}

function comparisonText(name: string, { before, after, difference, interval95 }: PassComparison): string {
  return `  ${name}  ${percent(before)} before, ${percent(after)} after: ${points(difference)} points (95 % interval ${range(interval95, points)})`;
}

/** One sentence that does not claim more than the interval does. */
function verdict({ interval95: [low, high] }: PassComparison): string {
  if (low > 0) return "  The gain in pass@1 is larger than chance explains.";
  if (high < 0) return "  The loss in pass@1 is larger than chance explains: this run made the model worse.";
  return "  The difference in pass@1 is within chance: this run shows no gain.";
}

function duration(seconds: number): string {
  return seconds < 100 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`;
}

/** Where the result of a stage is: a model, or an adapter of the model that it started from. */
export function resultText(folder: string, init: string): string {
  if (basename(folder) !== "adapter") return modelText(folder);
  return `The adapter is in ${folder}. Evaluate it with: npm run train -- evaluate --model ${init} --adapter ${folder}`;
}

export function modelText(model: string): string {
  return `The model is in ${model}. Evaluate it with: npm run train -- evaluate --model ${model}`;
}
