import { z } from "zod";
import { DATASET_NAMES, isTaskFile } from "./load-tasks.ts";
import type { TaskSelection } from "./sources/source.ts";

/** The name of a source or the path of a file, as a setting. */
export const DatasetSchema = z
  .string()
  .refine((name) => DATASET_NAMES.includes(name) || isTaskFile(name), {
    error: `expected one of ${DATASET_NAMES.join(", ")}, or the path of a file of JSON lines (.jsonl)`,
  })
  .describe("tinycode, a benchmark, or a file of JSON lines (docs/task-format.md)");

/** Tiers of TinyCode with their shares, as a setting. */
export const TiersSchema = z
  .record(z.string(), z.number().nonnegative())
  .refine((tiers) => Object.keys(tiers).every((tier) => /^[1-4]$/.test(tier)), { error: "expected tiers from 1 to 4" })
  .refine((tiers) => Object.values(tiers).some((share) => share > 0), { error: "expected a tier with a share above 0" })
  .describe('share of each tier, e.g. { "2": 1, "3": 2 }');

/** `TaskSelection` as settings. */
export const TaskSelectionSchema = z.strictObject({
  split: z.enum(["train", "dev", "test"]).optional().describe("part of the source (default: train for training, else test)"),
  tiers: TiersSchema.optional().describe('tinycode only: share of each tier, e.g. { "2": 2, "3": 3 }'),
  tasks: z.int().positive().optional().describe("how many; from a file or a benchmark, the first ones (default: all; tinycode: 200)"),
  seed: z.int().nonnegative().optional().describe("tinycode only: chooses the tasks, their wording and their tests (default: 0)"),
}) satisfies z.ZodType<TaskSelection, TaskSelection>;
