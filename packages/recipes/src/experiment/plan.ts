// `plan.json` of an experiment: what is compared with what, on which seeds and tasks, and what counts as an answer. Written before the runs.
import { ConfigError, InvalidArgumentError, parseConfig, readJsonObject } from "@diffucoder/core";
import { join } from "node:path";
import { z } from "zod";
import { type EvaluationSettings, EvaluationSettingsSchema } from "../evaluation/evaluation-settings.ts";
import { sweepOf } from "../evaluation/sweep.ts";
import { unknownName } from "./unknown-name.ts";

/** Settings of a recipe to change, in its own form. */
export type RecipeOverrides = Readonly<Record<string, unknown>>;

/** One of the ways that are compared. */
export interface ExperimentArm {
  /** What it is, one sentence for the report. */
  note: string;
  /** Whether it is trained; the base line is not. @default true */
  train: boolean;
  /** Folder of the model that it starts from. @default the plan's */
  model?: string | undefined;
  /** Settings of the coupled-grpo recipe that differ from the plan's `recipe`, merged into it key by key. @default {} */
  recipe: RecipeOverrides;
}

/** A prediction: where the difference of two arms lies. */
export interface ExperimentComparison {
  /** The arm that something is predicted of. */
  arm: string;
  /** The arm that it is compared with, paired by task and seed. */
  against: string;
  /** Name of one of the plan's `evaluations`. */
  evaluation: string;
  /** Of pass@k. @default 1 */
  k: number;
  /** Where pass@k of `arm` minus that of `against` is predicted: above `margin`, below `-margin`, or between the two. */
  expected: "higher" | "lower" | "same";
  /** As a share: 0.1 is ten points. @default 0 */
  margin: number;
}

/** What is run, and how it is decided. */
export interface ExperimentPlan {
  /** Folder of the model that the arms start from. @default the small model that comes with the project */
  model?: string | undefined;
  /** Settings of the coupled-grpo recipe that all arms share, merged into the project's own key by key. @default {} */
  recipe: RecipeOverrides;
  /** The arms by name: small letters, digits and dashes. */
  arms: Record<string, ExperimentArm>;
  /** Seeds of rollouts, masks and evaluation samples; each arm runs with each. */
  seeds: number[];
  /** Evaluations of each arm's model, by name. */
  evaluations: Record<string, EvaluationSettings>;
  /** The predictions. */
  decision: ExperimentComparison[];
}

const Name = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { error: "expected small letters, digits and dashes" });
const Overrides = z.record(z.string(), z.unknown()).default({});

const ArmSchema = z.strictObject({
  note: z.string().min(1).describe("what it is, one sentence"),
  train: z.boolean().default(true).describe("false: the base line, which is evaluated as it is"),
  model: z.string().min(1).optional().describe("folder of the model that it starts from; default: the plan's"),
  recipe: Overrides.describe("settings that differ from the plan's recipe"),
});

const ComparisonSchema = z.strictObject({
  arm: z.string(),
  against: z.string(),
  evaluation: z.string(),
  k: z.int().positive().default(1).describe("of pass@k"),
  expected: z.enum(["higher", "lower", "same"]).describe("where arm minus against is predicted"),
  margin: z.number().min(0).lt(1).default(0).describe("as a share: 0.1 is ten points"),
});

/** `ExperimentPlan` as a file's data. */
export const ExperimentPlanSchema = z.strictObject({
  model: z.string().min(1).optional().describe("folder of the model that the arms start from; default: the project's small model"),
  recipe: Overrides.describe("settings of the coupled-grpo recipe that all arms share"),
  arms: z.record(Name, ArmSchema).refine((arms) => Object.keys(arms).length > 0, { error: "expected at least one arm" }),
  seeds: z
    .array(z.int().nonnegative())
    .min(1)
    .refine((seeds) => new Set(seeds).size === seeds.length, { error: "expected each seed once" }),
  evaluations: z
    .record(Name, EvaluationSettingsSchema)
    .refine((evaluations) => Object.keys(evaluations).length > 0, { error: "expected at least one evaluation" }),
  decision: z.array(ComparisonSchema).min(1).describe("predictions; a verdict is computed for each"),
}) satisfies z.ZodType<ExperimentPlan>;

/** A plan as it was read. */
export interface ReadPlan {
  /** The plan with its defaults. */
  plan: ExperimentPlan;
  /** As the file has it. */
  written: Readonly<Record<string, unknown>>;
  /** Path of the file. */
  path: string;
}

/** Name of the file in an experiment's folder. */
export const PLAN_FILE = "plan.json";

/**
 * Reads `plan.json` of an experiment's folder.
 *
 * @throws {FileError} if there is none, or it is not JSON
 * @throws {ConfigError} naming every key that is wrong, and every arm or evaluation that a prediction names and the plan lacks
 */
export function readPlan(folder: string): ReadPlan {
  const path = join(folder, PLAN_FILE);
  const written = readJsonObject(path);
  const plan = parseConfig(ExperimentPlanSchema, written, { source: path });
  const problems = [...sweepProblems(plan), ...decisionProblems(plan)];
  if (problems.length > 0) throw new ConfigError({ source: path, problems });
  return { plan, written, path };
}

function sweepProblems({ evaluations }: ExperimentPlan): string[] {
  return Object.entries(evaluations).flatMap(([name, settings]) =>
    sweepOf(settings).length === 1 ? [] : [`evaluations.${name}: expected one temperature, one number of steps and one threshold, not a sweep`],
  );
}

function decisionProblems({ arms, evaluations, decision }: ExperimentPlan): string[] {
  return decision.flatMap(({ arm, against, evaluation, k }, i) => {
    const at = `decision.${i}`;
    const samples = evaluations[evaluation]?.samplesPerTask ?? Infinity;
    return [
      ...unknownName(arm, { at: `${at}.arm`, known: Object.keys(arms) }),
      ...unknownName(against, { at: `${at}.against`, known: Object.keys(arms) }),
      ...unknownName(evaluation, { at: `${at}.evaluation`, known: Object.keys(evaluations) }),
      ...(arm === against ? [`${at}: expected two different arms`] : []),
      ...(k > samples ? [`${at}.k: expected at most samplesPerTask of ${evaluation}, ${samples}`] : []),
    ];
  });
}

/** The arms and seeds to run. @throws {InvalidArgumentError} if one is not in the plan */
export function chooseRuns(
  { arms, seeds }: ExperimentPlan,
  { only, onlySeeds }: { only?: readonly string[] | undefined; onlySeeds?: readonly number[] | undefined },
): { arm: string; seed: number }[] {
  for (const value of only ?? []) {
    const [message] = unknownName(value, { at: "--only", known: Object.keys(arms) });
    if (message !== undefined)
      throw new InvalidArgumentError({
        argument: "--only",
        value,
        expected: "an arm of the plan",
        message: message.endsWith("?") ? message : `${message}.`,
      });
  }
  for (const value of onlySeeds ?? [])
    if (!seeds.includes(value))
      throw new InvalidArgumentError({ argument: "--seeds", value, expected: `seeds of the plan, which has ${seeds.join(", ")}` });
  const chosen = Object.keys(arms).filter((arm) => only?.includes(arm) ?? true);
  return seeds.filter((seed) => onlySeeds?.includes(seed) ?? true).flatMap((seed) => chosen.map((arm) => ({ arm, seed })));
}
