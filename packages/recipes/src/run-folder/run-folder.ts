import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { FileError, readJsonObject, writeFileAtomic } from "@diffucoder/core";
import { settingsProblem } from "@diffucoder/trainer";
import type { RunFingerprint } from "./run-fingerprint.ts";

/** Name of the file that says what a folder's results were made with. */
export const SETTINGS_FILE = "settings.json";

export interface ClaimOptions {
  /** File of the folder that holds its first results: while it is empty the folder is still anybody's. */
  results: string;
  /** Path of the setting that may be higher than in the folder: the number of steps. @default none may */
  stepsKey?: string;
  /** Called before a folder becomes one of a longer run, to remove what belongs to the shorter one. */
  onLonger?: () => void;
}

/**
 * Makes sure that all results in a folder come from the same recipe and the same files: the first run writes them down.
 *
 * @throws {FileError} if the folder holds a run with others
 */
export function claimFolder(output: string, fingerprint: RunFingerprint, { results, stepsKey, onLonger }: ClaimOptions): void {
  const path = join(output, SETTINGS_FILE);
  const text = `${JSON.stringify(fingerprint, null, 2)}\n`;
  if (existsSync(path) && (statSync(join(output, results), { throwIfNoEntry: false })?.size ?? 0) > 0) {
    const before = readJsonObject(path);
    const problem = settingsProblem(before, fingerprint, stepsKey);
    if (problem !== undefined) {
      const wayOut = "Run with the same settings and model to go on, give another folder with --output, or start over with --fresh.";
      throw new FileError({ path, problem, wayOut });
    }
    if (settingsProblem(before, fingerprint) === undefined) return;
    onLonger?.();
  }
  writeFileAtomic(path, text);
}
