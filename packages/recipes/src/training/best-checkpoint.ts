// The best checkpoint of a run by a figure of its evaluations, in a folder of its own: the model, the state to go back to, and why it is the best.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError, readJsonObject, writeFileAtomic } from "@diffucoder/core";
import type { EvaluationSettings } from "../evaluation/evaluation-settings.ts";
import { loadCheckpoint, saveCheckpoint, type StepMetrics, type TrainingState } from "@diffucoder/trainer";
import type { z } from "zod";
import { CHECKPOINT_FILE, replaceFolder } from "./kept-checkpoints.ts";

/** Folder of the best checkpoint in a run's folder. */
export const BEST_FOLDER = "checkpoint-best";

/** Records in `BEST_FOLDER` which step it is of, and why. */
const BEST_FILE = "best.json";

/** When to evaluate, and what for. */
export interface BestModelSettings {
  /** Steps between evaluations. @default none */
  evalSteps?: number | undefined;
  /** Figure that chooses. The smallest is the best where its name ends in "loss", as in Hugging Face's Trainer, else the largest. */
  metricForBestModel: string;
  /** Whether the final model is that of the best checkpoint. */
  loadBestModelAtEnd: boolean;
}

/** A refinement of a recipe's `training`. */
export const bestNeedsEvaluation = [
  ({ evalSteps, loadBestModelAtEnd }: BestModelSettings): boolean => !loadBestModelAtEnd || evalSteps !== undefined,
  "loadBestModelAtEnd needs evalSteps: only an evaluation can tell which checkpoint is the best",
] as const;

/**
 * A check of a recipe that evaluates pass@k during training: each k needs as many samples, and the figure that chooses must be among those measured.
 */
export function evaluationHasItsMetric({ value, issues }: z.core.ParsePayload<EvaluatedRecipe>): void {
  const { training, evaluation } = value;
  if (training.evalSteps === undefined) return;
  const ks = heldOutKs(evaluation);
  if (ks.some((k) => k > evaluation.samplesPerTask)) {
    const message = `expected none above samplesPerTask, ${evaluation.samplesPerTask}: pass@k needs k samples`;
    issues.push({ code: "custom", input: ks, path: ["evaluation", "ks"], message });
    return;
  }
  const { metricForBestModel: metric } = training;
  const figures = ks.map((k) => `evalPassAt${k}`);
  if (figures.includes(metric)) return;
  const message = `expected a figure of this run's evaluations: ${figures.join(", ")}`;
  issues.push({ code: "custom", input: metric, path: ["training", "metricForBestModel"], message });
}

interface EvaluatedRecipe {
  training: BestModelSettings;
  evaluation: Pick<EvaluationSettings, "ks" | "samplesPerTask">;
}

/** The k of the evaluations during training. */
export function heldOutKs({ ks, samplesPerTask }: EvaluatedRecipe["evaluation"]): number[] {
  return ks ?? [...new Set([1, samplesPerTask])];
}

/** Keeps the best checkpoint of a run, which may have one from before it was resumed. */
export function bestCheckpoint({ output, training, writeModel }: BestCheckpointOptions): BestCheckpoint {
  const { metricForBestModel: metric, loadBestModelAtEnd } = training;
  const folder = join(output, BEST_FOLDER);
  let best = valueIn(join(folder, BEST_FILE), metric);
  return {
    offer: (metrics, state) => {
      const value = metrics[metric];
      if (value === undefined) throw unknownMetric(metric, metrics);
      if (!isBetter(value, best, metric)) return;
      best = value;
      replaceFolder(folder, (unfinished) => {
        writeModel(unfinished, state);
        saveCheckpoint(join(unfinished, CHECKPOINT_FILE), { ...state, step: metrics.step });
        writeFileAtomic(join(unfinished, BEST_FILE), `${JSON.stringify({ step: metrics.step, metric, value })}\n`);
      });
    },
    final: () => (loadBestModelAtEnd ? loadCheckpoint(join(folder, CHECKPOINT_FILE)) : undefined),
  };
}

interface BestCheckpointOptions {
  /** Folder of the run. */
  output: string;
  training: BestModelSettings;
  /** Writes a folder with the model. */
  writeModel: (folder: string, state: Pick<TrainingState, "parameters">) => void;
}

interface BestCheckpoint {
  /** Keeps the state that was evaluated if it is the best so far; of equal ones the earlier stays. @throws {InvalidArgumentError} if it lacks the figure */
  offer(metrics: StepMetrics, state: TrainingState): void;
  /** The state that the final model is made of, if it is not the last one. */
  final(): TrainingState | undefined;
}

/** The figure of the checkpoint that is there; `undefined` if there is none, or another figure chose it. */
function valueIn(path: string, metric: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const best = readJsonObject(path);
  return best["metric"] === metric && typeof best["value"] === "number" ? best["value"] : undefined;
}

function isBetter(value: number, best: number | undefined, metric: string): boolean {
  return best === undefined || (/loss$/i.test(metric) ? value < best : value > best);
}

function unknownMetric(metric: string, { step: _, ...figures }: StepMetrics): InvalidArgumentError {
  return new InvalidArgumentError({
    argument: "training.metricForBestModel",
    value: metric,
    expected: `a figure of this run's evaluations: ${Object.keys(figures).join(", ")}`,
  });
}
