// The evaluations that an analysis consists of. Each has a folder of its own, in which it resumes and from which it can be read as any other.
import { parseConfig } from "@diffucoder/core";
import { type EvalConfig, EvalConfigSchema } from "../evaluation/eval-config.ts";
import type { AnalyzeConfig } from "./analyze-config.ts";

/** What a run is for. */
export type Role = "model" | "compare" | "afterRl" | "stepsBefore" | "stepsAfter" | "against";

/** An evaluation to make. */
export interface PlannedRun {
  role: Role;
  /** Below the output folder. */
  folder: string;
  /** Its name in figures. */
  name: string;
  model: string;
  temperature: number[];
  /** @default the settings' or the model's */
  steps?: number[];
}

/** Those that do not depend on another's result. */
export function plannedRuns(config: AnalyzeConfig): PlannedRun[] {
  const { model = "", compare, afterRl, against, temperature } = config;
  const nameOf = namesOf(config);
  const temperatures = [...new Set([temperature].flat())];
  const first = temperatures.slice(0, 1);
  return [
    { role: "model", folder: "model", name: nameOf(model), model, temperature: temperatures },
    ...[compare ?? []]
      .flat()
      .map((stage, i) => ({ role: "compare" as const, folder: `compare-${i + 1}`, name: nameOf(stage), model: stage, temperature: first })),
    ...(afterRl === undefined ? [] : [{ role: "afterRl" as const, folder: "after-rl", name: nameOf(afterRl), model: afterRl, temperature: first }]),
    ...(against === undefined ? [] : [{ role: "against" as const, folder: "against", name: nameOf(against), model, temperature: first }]),
  ];
}

/** Half and a quarter of the steps, before and after reinforcement learning. */
export function fewerSteps(config: AnalyzeConfig, steps: number): PlannedRun[] {
  const { model = "", afterRl, temperature } = config;
  const nameOf = namesOf(config);
  if (afterRl === undefined) return [];
  const fewer = [Math.max(1, Math.round(steps / 2)), Math.max(1, Math.round(steps / 4))];
  const common = { temperature: [temperature].flat().slice(0, 1), steps: fewer };
  return [
    { role: "stepsBefore", folder: "steps-before", name: nameOf(model), model, ...common },
    { role: "stepsAfter", folder: "steps-after", name: nameOf(afterRl), model: afterRl, ...common },
  ];
}

/** The settings of its evaluation. @param dataset of the `against` run */
export function evalConfigOf(config: AnalyzeConfig, { role, model, temperature, steps }: PlannedRun, output: string, dataset?: string): EvalConfig {
  const isText = role === "against";
  const { ks: _, ...shared } = Object.fromEntries(Object.entries(config).filter(([name]) => Object.hasOwn(EvalConfigSchema.shape, name)));
  const others = isText ? { dataset, data: {}, idRange: undefined, template: undefined } : {};
  return parseConfig(
    EvalConfigSchema,
    { ...shared, ...others, model, output, temperature, ...(steps && { steps }), ks: [...new Set([1, config.samplesPerTask])] },
    { source: "analyze settings" },
  );
}

/** The last part of a folder's path or a repository's name, or the whole where two models have the same. */
function namesOf({ model = "", compare, afterRl }: AnalyzeConfig): (path: string) => string {
  const models = new Set([model, ...[compare ?? []].flat(), ...(afterRl === undefined ? [] : [afterRl])]);
  const last = (path: string): string => path.split(/[/\\]/).findLast((part) => part !== "") ?? path;
  return (path) => ([...models].filter((other) => last(other) === last(path)).length > 1 ? path : last(path));
}
