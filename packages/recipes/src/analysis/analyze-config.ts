import { type Region, type TraceFiguresOptions } from "@diffucoder/analysis";
import { type LoadSettings, LoadSettingsSchema } from "@diffucoder/engine";
import { DecodingOptionsSchema } from "@diffucoder/samplers";
import { DatasetSchema } from "@diffucoder/tasks";
import { z } from "zod";
import { EvalConfigSchema } from "../evaluation/eval-config.ts";
import { type EvaluationSettings, EvaluationSettingsSchema } from "../evaluation/evaluation-settings.ts";

/** How the figures count what the paper leaves open. */
export interface Conventions {
  /** Which positions count. @default "canvas" */
  region: Region;
  /** Whether the positions to the left have to be revealed from left to right. @default "set" */
  rule: NonNullable<TraceFiguresOptions["rule"]>;
  /** Whether the prompt counts as revealed. @default "revealed" */
  prompt: NonNullable<TraceFiguresOptions["prompt"]>;
  /** How several tokens of a step are ordered. @default "confidence" */
  withinStep: NonNullable<TraceFiguresOptions["withinStep"]>;
}

/** An analysis: of a model that answers tasks, or of recorded traces. */
export interface AnalyzeConfig extends Omit<EvaluationSettings, "steps" | "threshold" | "ks">, LoadSettings {
  /** Model folder, or repository on the hub. Exactly one of `model` and `traces` is given. */
  model?: string | undefined;
  /** Files of traces, instead of a model. */
  traces?: string | string[] | undefined;
  /** Folder for samples, scores, traces and the page; an interrupted analysis resumes there. Required with `model`. @default nothing is kept */
  output?: string | undefined;
  /** Denoising steps. @default the model's */
  steps?: number | undefined;
  /** Probability from which a masked position is committed. @default the model's */
  threshold?: number | undefined;
  /** Models of other stages of training, in their order; `model` comes last. @default none */
  compare?: string | string[] | undefined;
  /** `model` after reinforcement learning. @default none */
  afterRl?: string | undefined;
  /** `metrics.jsonl` of a reinforcement learning run. @default none */
  metrics?: string | undefined;
  /** Data set of text to compare code with: `"arithmetic"`, or a file of JSON lines. @default none */
  against?: string | undefined;
  /** k of AR-ness@k. @default [1, 2, 4] */
  ks: number[];
  /** How the figures count what the paper leaves open. */
  conventions: Conventions;
  /** Seed of sampling and of the intervals. @default 0 */
  seed: number;
  /** Isolation of programs, as of an evaluation. @default "auto" */
  isolation: string;
  /** Path of the Python to run programs with. @default the system's, without packages */
  python?: string | undefined;
  /** Programs that run at the same time. @default 2 */
  workers: number;
}

const oneOrMore = <S extends z.ZodType>(item: S) => z.union([item, z.array(item).min(1)]);
const { steps, threshold } = DecodingOptionsSchema.shape;
const { isolation, python, workers, seed } = EvalConfigSchema.shape;

const ConventionsSchema = z.strictObject({
  region: z.enum(["canvas", "answer"]).default("canvas").describe("which positions count: all, or those up to the end of the answer"),
  rule: z
    .enum(["set", "run"])
    .default("set")
    .describe("local AR-ness: the k positions to the left were the last revealed, or were from left to right"),
  prompt: z.enum(["revealed", "absent"]).default("revealed").describe("local AR-ness: whether the prompt counts as revealed before the first step"),
  withinStep: z.enum(["confidence", "tie"]).default("confidence").describe("several tokens of a step: the surest first, or a tie"),
});

/** Settings that say how samples are drawn: recorded traces have none. */
const OF_SAMPLING = ["compare", "afterRl", "against"] as const;

/** `AnalyzeConfig` as settings: what `diffucoder analyze` takes from `--config`, `--set` and its flags. */
export const AnalyzeConfigSchema = z
  .strictObject({
    model: z.string().min(1).optional().describe("model folder or repository (default: the small model that comes with the package)"),
    traces: oneOrMore(z.string().min(1)).optional().describe("files of traces as JSON lines, instead of a model"),
    output: z.string().min(1).optional().describe("folder for samples, scores, traces and the page; an interrupted analysis resumes there"),
    compare: oneOrMore(z.string().min(1)).optional().describe("models of earlier stages of training, in their order; the model itself comes last"),
    afterRl: z.string().min(1).optional().describe("the model after reinforcement learning: orders and pass@1 at fewer steps, before and after"),
    metrics: z.string().min(1).optional().describe("metrics.jsonl of a reinforcement learning run, for the length of its completions"),
    against: z
      .string()
      .refine((name) => name === "arithmetic" || DatasetSchema.safeParse(name).success, {
        error: "expected arithmetic, a data set, or the path of a file of JSON lines (.jsonl)",
      })
      .optional()
      .describe("text to compare code with: arithmetic, or a file of JSON lines (docs/task-format.md)"),
    ...EvaluationSettingsSchema.omit({ ks: true }).shape,
    steps,
    threshold,
    dataset: DatasetSchema.default("tinycode"),
    samplesPerTask: z.int().positive().default(4).describe("samples for each task; their orders are compared"),
    temperature: oneOrMore(z.number().min(0).max(2))
      .default([0.2, 1.2])
      .describe("sampling temperatures; the first is that of all findings but the temperature's"),
    ks: z.array(z.int().positive()).min(1).default([1, 2, 4]).describe("k of AR-ness@k"),
    conventions: ConventionsSchema.prefault({}).describe("how the figures count what the paper leaves open"),
    seed,
    ...LoadSettingsSchema.shape,
    isolation,
    python,
    workers,
  })
  .refine(({ model, traces }) => (model === undefined) !== (traces === undefined), { error: "give either model or traces" })
  .refine(({ model, output }) => model === undefined || output !== undefined, { error: "output is required with a model, to keep what it generates" })
  .check(({ value, issues }) => {
    const unused = value.traces === undefined ? [] : OF_SAMPLING.filter((name) => value[name] !== undefined);
    const message = `${unused.join(", ")}: for a model, not for traces that are there already`;
    if (unused.length > 0) issues.push({ code: "custom", input: value, path: [], message });
  }) satisfies z.ZodType<AnalyzeConfig>;
