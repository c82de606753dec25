// The record of one arm with one seed: `records/ARM-SEED.json`, small enough to be committed. Apart from date, commit, machine and the
// seconds it is the same each time the run is repeated on one kind of processor.
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { FileError, parseConfig, readJsonObject, writeFileAtomic } from "@diffucoder/core";
import { z } from "zod";
import { type Machine } from "./machine.ts";

/** How one evaluation of a run went. */
export interface EvaluationRecord {
  /** SHA-256 of its tasks, hexadecimal. */
  tasksSha256: string;
  /** Samples of all tasks that the sandbox could not run; they are left out of `n`. */
  infrastructureFailures: number;
  /** For each task its id, the samples that were scored, and those of them that passed every test. */
  counts: [taskId: string, n: number, c: number][];
}

/** What one arm with one seed came to. */
export interface ExperimentRecord {
  /** Name and version of this format. */
  format: typeof FORMAT;
  /** SHA-256 of the plan, hexadecimal. */
  plan: string;
  /** Name of the arm. */
  arm: string;
  /** The seed. */
  seed: number;
  /** All settings of the training and hashes of the model that it started from, as in `run.json`; `null` for an arm without training. */
  recipe: Record<string, unknown> | null;
  /** SHA-256 of the weights that were evaluated, hexadecimal. */
  modelSha256: string;
  /** When it was done, ISO 8601. */
  date: string;
  /** The commit that was checked out. @default absent where there is none */
  commit?: string | undefined;
  /** On what it was computed. */
  machine: Machine;
  /** Of training and evaluations, on the clock. */
  seconds: number;
  /** Of training and evaluations, of this process' threads; programs in the sandbox do not count. */
  processorSeconds: number;
  /** Figures of the training by name, one for each step; empty for an arm without training. */
  curve: Record<string, (number | null)[]>;
  /** By the plan's names. */
  evaluations: Record<string, EvaluationRecord>;
}

const FORMAT = "diffucoder-experiment-1";
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Count = z.int().nonnegative();

/** `ExperimentRecord` as a file's data. */
export const ExperimentRecordSchema = z.strictObject({
  format: z.literal(FORMAT),
  plan: Sha256,
  arm: z.string(),
  seed: Count,
  recipe: z.record(z.string(), z.unknown()).nullable(),
  modelSha256: Sha256,
  date: z.iso.datetime(),
  commit: z.string().optional(),
  machine: z.strictObject({ processor: z.string(), cores: Count, node: z.string() }),
  seconds: z.number().nonnegative(),
  processorSeconds: z.number().nonnegative(),
  curve: z.record(z.string(), z.array(z.number().nullable())),
  evaluations: z.record(
    z.string(),
    z.strictObject({ tasksSha256: Sha256, infrastructureFailures: Count, counts: z.array(z.tuple([z.string(), Count, Count])) }),
  ),
}) satisfies z.ZodType<ExperimentRecord>;

const RECORDS = "records";

/** Path of a record in an experiment's folder. */
export function recordPath(folder: string, { arm, seed }: { arm: string; seed: number }): string {
  return join(folder, RECORDS, `${arm}-${seed}.json`);
}

/** A plan's hash: of its keys and values, in whatever order and form they are written. */
export function planHash(written: object): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(written)))
    .digest("hex");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** A new record, ready to be written. */
export function createRecord(fields: Omit<ExperimentRecord, "format">): ExperimentRecord {
  return { format: FORMAT, ...fields };
}

/** Writes a record, a line for each task, so that a difference shows where it is. */
export function writeRecord(folder: string, record: ExperimentRecord): string {
  const path = recordPath(folder, record);
  writeFileAtomic(path, `${JSON.stringify(record, null, 1).replaceAll(NESTED_NUMBERS, (list) => list.replaceAll(/\s*\n\s*/g, ""))}\n`);
  return path;
}

/** Lists of plain values, which JSON.stringify would spread over as many lines. */
const NESTED_NUMBERS = /\[[^[\]{}]*\]/g;

/**
 * The records of an experiment, by file name.
 *
 * @param plan hash of the plan that they must be of
 * @throws {FileError} if one is damaged, or belongs to another plan
 */
export function readRecords(folder: string, plan: string): ExperimentRecord[] {
  const names = existsSync(join(folder, RECORDS)) ? readdirSync(join(folder, RECORDS)).toSorted() : [];
  return names.filter((name) => name.endsWith(".json") && name !== basename(LOCK_FILE)).map((name) => readRecord(join(folder, RECORDS, name), plan));
}

/** The plan as it was when the first record was written. */
export const LOCK_FILE = join(RECORDS, "plan.json");

/** One record. @throws {FileError} as `readRecords` */
export function readRecord(path: string, plan: string): ExperimentRecord {
  const again = "Remove it and run the experiment again, which does only this arm and seed anew.";
  const record = parseRecord(path, again);
  if (record.plan !== plan) {
    const problem = `belongs to another plan (SHA-256 ${record.plan.slice(0, 12)}, this one has ${plan.slice(0, 12)})`;
    throw new FileError({ path, problem, wayOut: again });
  }
  if (basename(path) !== `${record.arm}-${record.seed}.json`)
    throw new FileError({ path, problem: `is the record of ${record.arm} with seed ${record.seed}`, wayOut: again });
  return record;
}

function parseRecord(path: string, wayOut: string): ExperimentRecord {
  let data: unknown;
  try {
    data = readJsonObject(path);
  } catch (cause) {
    throw new FileError({ path, problem: "is not a whole record", wayOut, cause });
  }
  return parseConfig(ExperimentRecordSchema, data, { source: path });
}
