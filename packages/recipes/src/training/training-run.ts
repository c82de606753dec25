// What every training run does with its folder: resumes from its checkpoint and keeps metrics and checkpoints, the best one separately.
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { FileError, RUN_FILE } from "@diffucoder/core";
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
import { BEST_FOLDER, bestCheckpoint, type BestModelSettings } from "./best-checkpoint.ts";
import { CHECKPOINT_FILE, keepCheckpoint, keptSteps, removeKeptCheckpoints } from "./kept-checkpoints.ts";
import { longerRunNote } from "./longer-run.ts";

/** How a person starts over. */
export const START_OVER = "start over with --fresh";

/** Lines of figures, one for each step and each evaluation. */
export const METRICS_FILE = "metrics.jsonl";

/** Files and folders of a training run, besides its kept checkpoints. */
export const TRAINING_FILES = [
  CHECKPOINT_FILE,
  METRICS_FILE,
  "metrics.csv",
  "events.out.tfevents.0",
  "evaluations",
  BEST_FOLDER,
  "model",
  "adapter",
  "report.html",
] as const;

/** A run's folder, and what it writes there. */
export interface TrainingRunOptions {
  /** Folder of the run. */
  output: string;
  /** How often to save, and how much to keep. */
  training: BestModelSettings & {
    saveSteps: number;
    saveTotalLimit: number;
    lrSchedulerType: string;
    warmupSteps: number;
    minLrRate: number;
  };
  /** The number of steps: its setting, what it is, what it was before it was raised, and those of all stages. */
  steps: { setting: string; now: number; raisedFrom: number | undefined; total: number };
  /** Writes a folder with the model. */
  writeModel: (folder: string, state: Pick<TrainingState, "parameters">) => void;
  /** Name of the folder of the result. @default "model" */
  resultFolder?: "model" | "adapter";
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
  /** Writes the result's folder, `output/model`: the last state, or the best one if the settings say so. @returns the folder */
  finish: (state: TrainingState) => string;
}

/** Removes the files of a training run, and nothing else. */
export function clearTraining(output: string): void {
  for (const name of [RUN_FILE, ...TRAINING_FILES]) rmSync(join(output, name), { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  removeKeptCheckpoints(output);
}

/** Opens a claimed folder. @throws {FileError} if its checkpoint is damaged */
export function openTrainingRun({ output, training, steps, writeModel, resultFolder = "model", onNote }: TrainingRunOptions): TrainingRun {
  mkdirSync(output, { recursive: true });
  const checkpointPath = join(output, CHECKPOINT_FILE);
  const metricsPath = join(output, METRICS_FILE);
  const checkpoint = lastCheckpoint(output);
  const { raisedFrom, now, setting, total } = steps;
  if (checkpoint !== undefined && raisedFrom !== undefined && checkpoint.step <= total - (now - raisedFrom))
    onNote(longerRunNote({ setting, before: raisedFrom, now, step: checkpoint.step, schedule: training }));
  const startStep = checkpoint?.step ?? 0;
  if (checkpoint === undefined && (statSync(metricsPath, { throwIfNoEntry: false })?.size ?? 0) > 0)
    onNote(`${checkpointPath}: no such file, so the run starts again at its first step.`);
  const log = openMetricsLog(metricsPath, { lastStep: startStep });
  const best = bestCheckpoint({ output, training, writeModel });
  return {
    checkpoint,
    hooks: {
      startStep,
      lastEvaluation: Math.max(-1, ...log.kept.flatMap((line) => (isEvaluation(line) ? [line.step] : []))),
      onStep: (metrics) => log.append(metrics),
      onEvaluation: (metrics, state) => {
        best.offer(metrics, state);
        log.append(metrics);
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
      const directory = join(output, resultFolder);
      writeModel(directory, best.final() ?? state);
      return directory;
    },
  };
}

/** The state to resume from. @throws {FileError} if its file is damaged, with the ways to go on */
function lastCheckpoint(output: string): Checkpoint | undefined {
  const path = join(output, CHECKPOINT_FILE);
  try {
    return loadCheckpoint(path);
  } catch (cause) {
    if (!(cause instanceof FileError)) throw cause;
    const kept = keptSteps(output).at(-1);
    const goOn = kept === undefined ? "" : `copy ${join(output, `checkpoint-${kept}`, CHECKPOINT_FILE)} over it, or `;
    const wayOut = `To go on, ${goOn}${START_OVER}.`;
    throw new FileError({ path, problem: cause.problem, wayOut, cause });
  }
}

/** Whether a line of metrics is an evaluation's. */
export function isEvaluation(line: StepMetrics): boolean {
  return Object.keys(line).some((name) => name.startsWith("eval"));
}
