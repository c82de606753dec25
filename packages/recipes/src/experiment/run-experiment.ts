// `train experiment`: all arms of a plan with all seeds, one after the other. What has a record is done; what was cut off goes on.
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { AbortedError, type OnProgress, runFingerprint, withFolder } from "@diffucoder/core";
import { checkExecutor } from "@diffucoder/engine";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import { armRecipe } from "./arm-recipe.ts";
import { commitOf, thisMachine } from "./machine.ts";
import { chooseRuns, type ReadPlan, readPlan } from "./plan.ts";
import { checkPlanLock, lockPlan } from "./plan-lock.ts";
import { createRecord, planHash, readRecord, recordPath, writeRecord } from "./record.ts";
import { checkRecordSettings } from "./record-settings.ts";
import { runArm } from "./run-arm.ts";

/** An experiment, and where it happens. */
export interface RunExperimentOptions {
  /** The experiment's folder, with `plan.json`; records go to `records/` in it. */
  folder: string;
  /** Arms to run. @default all */
  only?: readonly string[] | undefined;
  /** Seeds to run. @default all */
  seeds?: readonly number[] | undefined;
  /** Folder of the runs: each is `EXPERIMENT/ARM-SEED` in it. */
  output: string;
  /** The model of plans that name none. */
  defaultModel: string;
  /** Where programs run. */
  sandbox: Sandbox;
  /** The time of day, ISO 8601. */
  now: () => string;
  /** Stops it; the same call resumes it. */
  signal: AbortSignal;
  /** Gets an event for every step. */
  onProgress: OnProgress;
  /** Gets notices for a person, and a sentence after each run. */
  onNote: (note: string) => void;
}

/** What `runExperiment` did. */
export interface ExperimentOutcome {
  /** Paths of the records that were written now. */
  written: string[];
  /** Paths of those that were there. */
  found: string[];
}

/**
 * Runs what of an experiment has no record yet, seed by seed and arm by arm.
 *
 * @throws {FileError} if the plan changed since its first record, or a record is damaged or of another plan
 * @throws {ConfigError} naming every setting of the plan or of an arm's recipe that is wrong, before anything runs
 * @throws {InvalidArgumentError} if `only` or `seeds` names what the plan lacks
 * @throws {AbortedError} when stopped by `signal`
 */
export async function runExperiment(options: RunExperimentOptions): Promise<ExperimentOutcome> {
  const { folder, only, seeds: onlySeeds, signal, onNote } = options;
  const read = readPlan(folder);
  checkPlanLock(folder, read);
  const runs = chooseRuns(read.plan, { only, onlySeeds }).map((run) => ({ ...run, ...setUp(read, run, options) }));
  const isDone = ({ arm, seed }: (typeof runs)[number]): boolean => existsSync(recordPath(folder, { arm, seed }));
  const [found, missing] = [runs.filter(isDone), runs.filter((run) => !isDone(run))];
  for (const run of found) {
    const record = readRecord(recordPath(folder, run), planHash(read.written));
    checkRecordSettings(folder, record, runFingerprint(run));
  }
  const written: string[] = [];
  const started = performance.now();
  for (const [i, run] of missing.entries()) {
    if (signal.aborted) throw new AbortedError("The experiment");
    const path = await recordRun(read, run, { ...options, place: `${found.length + i + 1} of ${runs.length}` });
    written.push(path);
    const left = ((performance.now() - started) / (i + 1)) * (missing.length - i - 1);
    onNote(
      `${run.arm}, seed ${run.seed}: ${path}. ${found.length + i + 1} of ${runs.length} done${left > 0 ? `, about ${duration(left)} left` : ""}.`,
    );
  }
  return { written, found: found.map((run) => recordPath(folder, run)) };
}

/** What an arm runs, checked before any arm does. */
function setUp(read: ReadPlan, { arm, seed }: { arm: string; seed: number }, { defaultModel }: Pick<RunExperimentOptions, "defaultModel">) {
  const recipe = armRecipe(read, { arm, seed });
  checkExecutor(recipe);
  return { recipe, modelDir: read.plan.arms[arm]!.model ?? read.plan.model ?? defaultModel };
}

type Run = { arm: string; seed: number } & ReturnType<typeof setUp>;

/** Runs an arm with a seed in its folder and writes its record. */
function recordRun(read: ReadPlan, run: Run, options: RunExperimentOptions & { place: string }): Promise<string> {
  const { folder, output, sandbox, now, signal, onNote, place } = options;
  const runFolder = join(output, basename(resolve(folder)), `${run.arm}-${run.seed}`);
  const onProgress: OnProgress = (event) => options.onProgress({ ...event, phase: `${place}, ${run.arm}, seed ${run.seed}: ${event.phase}` });
  return withFolder(runFolder, async () => {
    const figures = await runArm({ plan: read.plan, ...run, output: runFolder, sandbox, signal, onProgress, onNote });
    lockPlan(folder, read);
    const commit = commitOf(folder);
    const about = { plan: planHash(read.written), date: now(), ...(commit !== undefined && { commit }), machine: thisMachine() };
    return writeRecord(folder, createRecord({ ...about, ...figures }));
  });
}

function duration(milliseconds: number): string {
  const minutes = Math.ceil(milliseconds / 60_000);
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
