// Training checkpoints: everything that the next step depends on, in one safetensors file. Random streams are split
// by step, so the step's number is all of their state.
import { existsSync } from "node:fs";
import { FileError } from "@diffucoder/core";
import { readSafetensors, writeSafetensors } from "@diffucoder/tensor";
import { settingsProblem } from "./settings-problem.ts";
import type { ParameterArrays, TrainingState } from "./training-state.ts";

/** A run's state between two steps. */
export interface Checkpoint extends TrainingState {
  /** Steps done. */
  step: number;
  /** The reference policy of coupled-GRPO. */
  reference?: ParameterArrays;
  /**
   * What the run was started with, as text; a run goes on only with the same. Of a JSON object the error names the settings that differ, and the
   * number of steps may be raised.
   */
  fingerprint: string;
}

const groups = ["parameters", "adam.m", "adam.v", "reference"] as const;

/** What may differ from the run that wrote the checkpoint. */
export interface LoadCheckpointOptions {
  /** Path of the setting of a JSON fingerprint that may be higher than it was, e.g. `"training.maxSteps"`. @default none may */
  stepsKey?: string | undefined;
}

/** Writes a checkpoint to a temporary name and renames it. @throws {FileError} */
export function saveCheckpoint(path: string, { step, fingerprint, parameters, adam, reference }: Checkpoint): void {
  const trees: Record<(typeof groups)[number], ParameterArrays> = { parameters, "adam.m": adam.m, "adam.v": adam.v, reference: reference ?? {} };
  const arrays = Object.fromEntries(groups.flatMap((group) => Object.entries(trees[group]).map(([name, array]) => [`${group}/${name}`, array])));
  writeSafetensors(path, arrays, { metadata: { step: String(step), fingerprint } });
}

/**
 * Reads a checkpoint back, or nothing if there is none. Its `fingerprint` is that of the run that wrote it.
 *
 * @throws {FileError} if the file is damaged, or belongs to a run with other settings
 */
export function loadCheckpoint(path: string, fingerprint: string, { stepsKey }: LoadCheckpointOptions = {}): Checkpoint | undefined {
  if (!existsSync(path)) return undefined;
  const { arrays, metadata } = readSafetensors(path);
  const step = Number(metadata.step);
  if (!Number.isInteger(step) || metadata.fingerprint === undefined) throw new FileError({ path, problem: "is not a training checkpoint" });
  const problem = fingerprintProblem(metadata.fingerprint, fingerprint, stepsKey);
  if (problem !== undefined) {
    throw new FileError({ path, problem, wayOut: "Run with the same settings to go on, give another folder, or start over with --fresh." });
  }
  const group = (name: string): ParameterArrays =>
    Object.fromEntries(Object.entries(arrays).flatMap(([key, array]) => (key.startsWith(`${name}/`) ? [[key.slice(name.length + 1), array]] : [])));
  const reference = group("reference");
  return {
    step,
    fingerprint: metadata.fingerprint,
    parameters: group("parameters"),
    adam: { m: group("adam.m"), v: group("adam.v") },
    ...(Object.keys(reference).length > 0 && { reference }),
  };
}

function fingerprintProblem(before: string, now: string, stepsKey: string | undefined): string | undefined {
  if (before === now) return undefined;
  const [then, today] = [jsonObject(before), jsonObject(now)];
  return then && today ? settingsProblem(then, today, stepsKey) : "belongs to a run with other settings";
}

/** A fingerprint need not be JSON. */
function jsonObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
