// With `saveTotalLimit` above 1 a run keeps its last checkpoints, each in a folder named as by Hugging Face's Trainer: checkpoint-120 holds the model
// after step 120, which `train evaluate --model` takes, and the training state to go back to.
import { readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** File of a run's folder, and of each kept checkpoint's. */
export const CHECKPOINT_FILE = "checkpoint.safetensors";

const NAME = /^checkpoint-(\d+)$/;

/**
 * Writes the folder of a step to keep, whole or not at all, and removes the oldest ones and those of later steps, which a run that
 * went back will reach again.
 */
export function keepCheckpoint({ output, step, saveSteps, saveTotalLimit, model, saveState }: KeepCheckpointOptions): void {
  if (saveTotalLimit === 1 || step === 0 || step % saveSteps !== 0) return;
  replaceFolder(join(output, `checkpoint-${step}`), (folder) => {
    model(folder);
    saveState(join(folder, CHECKPOINT_FILE));
  });
  const steps = keptSteps(output);
  const old = steps.filter((one) => one <= step).slice(0, -saveTotalLimit);
  for (const one of [...old, ...steps.filter((other) => other > step)]) removeFolder(output, one);
}

/** Writes a folder, whole or not at all, replacing an existing one. */
export function replaceFolder(folder: string, write: (unfinished: string) => void): void {
  const unfinished = `${folder}.tmp-${process.pid}`;
  write(unfinished);
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
}

/** What is kept of a step. */
export interface KeepCheckpointOptions {
  /** Folder of the run. */
  output: string;
  /** Steps done. */
  step: number;
  /** Steps between checkpoints. */
  saveSteps: number;
  /** Folders to keep; with 1 none is made, since the run's own checkpoint is enough. */
  saveTotalLimit: number;
  /** Makes a folder with the model. */
  model: (folder: string) => void;
  /** Writes the training state to a path. */
  saveState: (path: string) => void;
}

/** Removes the folders of all steps. */
export function removeKeptCheckpoints(output: string): void {
  for (const step of keptSteps(output)) removeFolder(output, step);
}

/** Steps of the kept checkpoints, ascending. */
export function keptSteps(output: string): number[] {
  const names = readdirSync(output);
  return names.flatMap((name) => NAME.exec(name)?.slice(1).map(Number) ?? []).toSorted((a, b) => a - b);
}

function removeFolder(output: string, step: number): void {
  rmSync(join(output, `checkpoint-${step}`), { recursive: true, force: true });
}
