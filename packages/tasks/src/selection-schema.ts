import { z } from "zod";
import { DATASET_NAMES, isTaskFile } from "./load-tasks.ts";
import type { TaskSelection } from "./sources/source.ts";
import { FAMILY_NAMES } from "./tiny-code/full/families.ts";
import { STYLES } from "./tiny-code/full/family.ts";
import { TEST_SETS } from "./tiny-code/full/places.ts";

/** The name of a source or the path of a file, as a setting. */
export const DatasetSchema = z
  .string()
  .refine((name) => DATASET_NAMES.includes(name) || isTaskFile(name), {
    error: `expected one of ${DATASET_NAMES.join(", ")}, or the path of a file of JSON lines (.jsonl)`,
  })
  .describe("tinycode, tinycode-full, a benchmark, or a file of JSON lines (docs/task-format.md)");

/** Tiers of TinyCode with their shares, as a setting. */
export const TiersSchema = z
  .record(z.string(), z.number().nonnegative())
  .refine((tiers) => Object.keys(tiers).every((tier) => /^[1-4]$/.test(tier)), { error: "expected tiers from 1 to 4" })
  .refine((tiers) => Object.values(tiers).some((share) => share > 0), { error: "expected a tier with a share above 0" })
  .describe('share of each tier, e.g. { "2": 1, "3": 2 }');

const FullTiersSchema = z
  .record(z.string(), z.number().nonnegative())
  .refine((tiers) => Object.keys(tiers).every((tier) => /^[1-5]$/.test(tier)), { error: "expected tiers from 1 to 4, or to 5 of tinycode-full" })
  .refine((tiers) => Object.values(tiers).some((share) => share > 0), { error: "expected a tier with a share above 0" });

/** `TaskSelection` as settings. */
export const TaskSelectionSchema = z.strictObject({
  split: z
    .enum(["train", "dev", "test", ...TEST_SETS])
    .optional()
    .describe("part of the source; the parts test-... are of tinycode-full, whose test is all of them (default: train for training, else test)"),
  families: z.array(z.enum(FAMILY_NAMES)).min(1).optional().describe("tinycode-full only: its families to draw from (default: all)"),
  tiers: FullTiersSchema.optional().describe('tinycode and tinycode-full only: share of each tier, e.g. { "2": 2, "3": 3 }'),
  phrasing: z
    .enum(["usual", "held-out"])
    .optional()
    .describe("tinycode-full only: sentences and synonyms of training, or those that it never has (default: held-out for test-phrase, else usual)"),
  styles: z.array(z.enum(STYLES)).min(1).optional().describe("tinycode-full only: styles of solutions (default: all)"),
  tasks: z
    .int()
    .positive()
    .optional()
    .describe("how many; from a file or a benchmark, the first ones (default: all; tinycode and tinycode-full: 200)"),
  seed: z.int().nonnegative().optional().describe("tinycode and tinycode-full only: chooses the tasks, their wording and their tests (default: 0)"),
}) satisfies z.ZodType<TaskSelection, TaskSelection>;
