// What every training run does with its folder: resumes from its checkpoint and keeps metrics and checkpoints, the best one separately.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readJsonObject, RUN_FILE, writeFileAtomic } from "@diffucoder/core";
import {
  type Checkpoint,
  loadCheckpoint,
  openMetricsLog,
  saveCheckpoint,
  type StepMetrics,
  type TrainingState,
  writeMetricsCsv,
  writeMetricsEvents,
} from "@diffucoder/trainer";
import { CHECKPOINT_FILE, keepCheckpoint, removeKeptCheckpoints, replaceFolder } from "./kept-checkpoints.ts";
import { longerRunNote } from "./longer-run.ts";

/** How a person starts over. */
export const START_OVER = "start over with --fresh";

/** Lines of figures, one for each step and each evaluation. */
export const METRICS_FILE = "metrics.jsonl";

/** The best checkpoint by evaluation. */
export const BEST_FOLDER = "checkpoint-best";

/** Records in `BEST_FOLDER` which step it is of, and why. */
const BEST_FILE = "best.json";

/** Files and folders of a training run, besides its kept checkpoints. */
export const TRAINING_FILES = [
  CHECKPOINT_FILE,
  METRICS_FILE,
  "metrics.csv",
  "events.out.tfevents.0",
  "evaluations",
  BEST_FOLDER,
  "model",
  "report.html",
] as const;

/** A run's folder, and what it writes there. */
export interface TrainingRunOptions {
  /** Folder of the run. */
  output: string;
  /** How often to save, and how much to keep. */
  training: {
    saveSteps: number;
    saveTotalLimit: number;
    metricForBestModel?: string | undefined;
    loadBestModelAtEnd?: boolean | undefined;
    lrSchedulerType: string;
    warmupSteps: number;
    minLrRate: number;
  };
  /** The number of steps: its setting, what it is, what it was before it was raised, and those of all stages. */
  steps: { setting: string; now: number; raisedFrom: number | undefined; total: number };
  /** Whether a smaller figure is the better one. @default false */
  smallerIsBetter?: boolean;
  /** Writes a folder with the model. */
  writeModel: (folder: string, state: Pick<TrainingState, "parameters">) => void;
  /** Gets a notice of what extending the run means. */
  onNote: (note: string) => void;
}

/** A resumed run. */
export interface TrainingRun {
  /** Where it resumes from; `undefined` at its start. */
  checkpoint: Checkpoint | undefined;
  /** Callbacks for the loop that keep the folder up to date. */
  hooks: {
    startStep: number;
    lastEvaluation: number;
    onStep: (metrics: StepMetrics) => void;
    onEvaluation: (metrics: StepMetrics, state: TrainingState) => void;
    onCheckpoint: (state: TrainingState, step: number) => void;
  };
  /** Writes `output/model`: the last state, or the best one if the settings say so. @returns the folder */
  finish: (state: TrainingState) => string;
}

/** Removes the files of a training run, and nothing else. */
export function clearTraining(output: string): void {
  for (const name of [RUN_FILE, ...TRAINING_FILES]) rmSync(join(output, name), { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  removeKeptCheckpoints(output);
}

/** Opens a claimed folder. @throws {FileError} if its checkpoint is damaged */
export function openTrainingRun({ output, training, steps, smallerIsBetter = false, writeModel, onNote }: TrainingRunOptions): TrainingRun {
  mkdirSync(output, { recursive: true });
  const checkpointPath = join(output, CHECKPOINT_FILE);
  const metricsPath = join(output, METRICS_FILE);
  const checkpoint = loadCheckpoint(checkpointPath);
  const { raisedFrom, now, setting, total } = steps;
  if (checkpoint !== undefined && raisedFrom !== undefined && checkpoint.step <= total - (now - raisedFrom))
    onNote(longerRunNote({ setting, before: raisedFrom, now, step: checkpoint.step, schedule: training }));
  const startStep = checkpoint?.step ?? 0;
  const log = openMetricsLog(metricsPath, { lastStep: startStep });
  const best = bestSoFar(output);
  return {
    checkpoint,
    hooks: {
      startStep,
      lastEvaluation: Math.max(-1, ...log.kept.flatMap((line) => (isEvaluation(line) ? [line.step] : []))),
      onStep: (metrics) => log.append(metrics),
      onEvaluation: (metrics, state) => {
        log.append(metrics);
        const value = training.metricForBestModel === undefined ? undefined : metrics[training.metricForBestModel];
        if (value === undefined || !isBetter(value, best.value, smallerIsBetter)) return;
        best.value = value;
        keepBest(output, { step: metrics.step, metric: training.metricForBestModel!, value, state, writeModel });
      },
      onCheckpoint: (state, step) => {
        const saveState = (path: string): void => saveCheckpoint(path, { ...state, step });
        keepCheckpoint({ output, step, ...training, model: (folder) => writeModel(folder, state), saveState });
        saveState(checkpointPath);
        writeMetricsCsv(metricsPath);
        writeMetricsEvents(metricsPath);
      },
    },
    finish: (state) => {
      writeMetricsCsv(metricsPath);
      writeMetricsEvents(metricsPath);
      const directory = join(output, "model");
      const bestState = training.loadBestModelAtEnd === true ? loadCheckpoint(join(output, BEST_FOLDER, CHECKPOINT_FILE)) : undefined;
      writeModel(directory, bestState ?? state);
      return directory;
    },
  };
}

/** Whether a line of metrics is an evaluation's. */
export function isEvaluation(line: StepMetrics): boolean {
  return Object.keys(line).some((name) => name.startsWith("eval"));
}

/** Of equal ones, the earlier stays the best. */
function isBetter(value: number, best: number | undefined, smallerIsBetter: boolean): boolean {
  return best === undefined || (smallerIsBetter ? value < best : value > best);
}

function bestSoFar(output: string): { value: number | undefined } {
  const path = join(output, BEST_FOLDER, BEST_FILE);
  const value = existsSync(path) ? readJsonObject(path)["value"] : undefined;
  return { value: typeof value === "number" ? value : undefined };
}

interface Best {
  step: number;
  metric: string;
  value: number;
  state: TrainingState;
  writeModel: TrainingRunOptions["writeModel"];
}

function keepBest(output: string, { step, metric, value, state, writeModel }: Best): void {
  replaceFolder(join(output, BEST_FOLDER), (folder) => {
    writeModel(folder, state);
    saveCheckpoint(join(folder, CHECKPOINT_FILE), { ...state, step });
    writeFileAtomic(join(folder, BEST_FILE), `${JSON.stringify({ step, metric, value })}\n`);
  });
}
