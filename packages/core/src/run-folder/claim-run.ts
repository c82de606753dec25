// A run is a folder. Its settings are written there once, and the run resumes only with the same ones.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { readJsonObject } from "../config.ts";
import { FileError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";
import { settingsProblem, stepsOf } from "./settings-problem.ts";

/** Name of the file that says what a folder's results were made with. */
export const RUN_FILE = "run.json";

/** Version of the layout of a run's folder. */
const FORMAT = 1;

/** What a run depends on. */
export interface ClaimRunOptions {
  /** Everything on which the results depend, plain JSON: settings, and hashes of the files that are read. */
  settings: object;
  /** Files that hold results: until one of them has any, the folder may still be claimed with other settings. @default it is claimed at once */
  results?: readonly string[] | undefined;
  /** Path of the setting that may be raised: the number of steps, e.g. `"training.maxSteps"`. @default none may */
  stepsKey?: string | undefined;
  /** Called before a run is extended, to remove what belongs to the shorter one only. */
  onLonger?: (() => void) | undefined;
  /** How a person starts over, for the error: `"start over with --fresh"`. @default "remove this one" */
  startOver?: string | undefined;
}

/** A claimed folder. */
export interface ClaimedRun {
  /** Number of steps before it was last raised; `undefined` if it never was. */
  raisedFrom: number | undefined;
}

/**
 * Makes sure that all results in a folder come from the same settings and files: the first run writes them down in `run.json`.
 *
 * @throws {FileError} if the folder holds a run with others, naming those that differ, or one of another version of the format
 */
export function claimRun(folder: string, options: ClaimRunOptions): ClaimedRun {
  const { settings, results, stepsKey, onLonger, startOver = "remove this one" } = options;
  const path = join(folder, RUN_FILE);
  const otherFolder = `give another folder with --output, or ${startOver}.`;
  const found = results?.find((name) => (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0) > 0);
  const isClaimed = results === undefined ? existsSync(path) : found !== undefined;
  if (isClaimed && !existsSync(path))
    throw new FileError({ path, problem: `no such file, so what ${found} was made with is unknown`, wayOut: `To go on, ${otherFolder}` });
  const before = isClaimed ? readRun(path, otherFolder) : undefined;
  const problem = before && settingsProblem(before.settings, settings, stepsKey);
  if (problem !== undefined) throw new FileError({ path, problem, wayOut: `Run with the same settings and files to resume, ${otherFolder}` });
  if (before !== undefined && settingsProblem(before.settings, settings) === undefined) return { raisedFrom: before.raisedFrom };
  const raisedFrom = before && stepsOf(before.settings, stepsKey); // all that may differ
  if (before !== undefined) onLonger?.();
  writeFileAtomic(path, `${JSON.stringify({ format: FORMAT, raisedFrom, settings }, null, 2)}\n`);
  return { raisedFrom };
}

function readRun(path: string, otherFolder: string): { settings: object; raisedFrom: number | undefined } {
  const { format, settings, raisedFrom } = readJsonObject(path);
  if (format === FORMAT && typeof settings === "object" && settings !== null)
    return { settings, raisedFrom: typeof raisedFrom === "number" ? raisedFrom : undefined };
  throw new FileError({
    path,
    problem: `was made by another version: its run format is ${String(format ?? "not given")}, this version reads ${FORMAT}`,
    wayOut: `Resume with the version that made it, ${otherFolder}`,
  });
}
