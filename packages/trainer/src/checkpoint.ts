// Training checkpoints: everything that the next step depends on, in one safetensors file. Random streams are split
// by step, so the step's number is all of their state. A checksum over step, names and numbers tells a file of which the disk changed a bit.
import { existsSync } from "node:fs";
import { crc32 } from "node:zlib";
import { FileError } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { readSafetensors, writeSafetensors } from "@diffucoder/tensor";
import type { TrainingState } from "./training-state.ts";

/** A run's state between two steps. */
export interface Checkpoint extends TrainingState {
  /** Steps done. */
  step: number;
  /** The reference policy of coupled-GRPO. */
  reference?: ModelParameters;
  /** Policies of the steps before, from the oldest, that coupled-GRPO's rollouts may be of. */
  snapshots?: readonly ModelParameters[];
}

/** Writes a checkpoint to a temporary name and renames it. @throws {FileError} */
export function saveCheckpoint(path: string, { step, parameters, adam, reference = {}, snapshots = [] }: Checkpoint): void {
  const kept = Object.fromEntries(snapshots.map((snapshot, i) => [`snapshot.${i}`, snapshot]));
  const groups: Record<string, ModelParameters> = { parameters, "adam.m": adam.m, "adam.v": adam.v, reference, ...kept };
  const arrays = Object.fromEntries(
    Object.entries(groups).flatMap(([group, tree]) => Object.entries(tree).map(([name, array]) => [`${group}/${name}`, array])),
  );
  writeSafetensors(path, arrays, { metadata: { step: String(step), crc32: checksum(step, arrays) } });
}

/** CRC-32 of a step, and of arrays with their names, in the order of the names. */
function checksum(step: number, arrays: Readonly<ModelParameters>): string {
  const sum = Object.keys(arrays)
    .toSorted()
    .reduce((before, name) => crc32(arrays[name]!.data, crc32(name, before)), crc32(String(step)));
  return sum.toString(16);
}

/**
 * Reads a checkpoint back, or nothing if there is none. `claimRun` of `@diffucoder/core` checks that it belongs to the run.
 *
 * @throws {FileError} if the file is damaged, or not a checkpoint
 */
export function loadCheckpoint(path: string): Checkpoint | undefined {
  if (!existsSync(path)) return undefined;
  const { arrays, metadata } = readSafetensors(path);
  const step = Number(metadata.step);
  if (!Number.isInteger(step)) throw new FileError({ path, problem: "is not a training checkpoint" });
  if (metadata.crc32 !== undefined && metadata.crc32 !== checksum(step, arrays))
    throw new FileError({ path, problem: "is damaged: its checksum is not that of what was saved" });
  const group = (name: string): ModelParameters =>
    Object.fromEntries(Object.entries(arrays).flatMap(([key, array]) => (key.startsWith(`${name}/`) ? [[key.slice(name.length + 1), array]] : [])));
  const reference = group("reference");
  const snapshots: ModelParameters[] = [];
  for (let next = group("snapshot.0"); Object.keys(next).length > 0; next = group(`snapshot.${snapshots.length}`)) snapshots.push(next);
  return {
    step,
    parameters: group("parameters"),
    adam: { m: group("adam.m"), v: group("adam.v") },
    ...(Object.keys(reference).length > 0 && { reference }),
    ...(snapshots.length > 0 && { snapshots }),
  };
}
