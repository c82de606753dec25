import { type DecodingOptions, DecodingOptionsSchema } from "@diffucoder/samplers";
import { POST_PROCESSORS, type PostProcessor } from "@diffucoder/eval";
import { DatasetSchema, PROMPT_TEMPLATES, type PromptTemplateName, type TaskSelection, TaskSelectionSchema } from "@diffucoder/tasks";
import { z } from "zod";

const oneOrMore = <S extends z.ZodType>(item: S) => z.union([item, z.array(item).min(1)]);

/** What is evaluated on, how a model is asked, and how it writes. Every decoding option is one of them. */
export interface EvaluationSettings extends Omit<DecodingOptions, "seed" | "temperature" | "steps" | "threshold"> {
  /** A name of `DATASET_NAMES`, or the path of a file of JSON lines (docs/task-format.md). */
  dataset: string;
  /** Which of its tasks. @default {}, the source's own choice */
  data: TaskSelection;
  /** Tasks [from, to) of those, by position. @default all */
  idRange?: [from: number, to: number] | undefined;
  /** How a text becomes a program. @default "none" for files and holes, "fence" for a model's answers */
  postProcessor?: PostProcessor | undefined;
  /** Prompt of a model. @default the dataset's: the paper's for a benchmark, the bare request for TinyCode and files */
  template?: PromptTemplateName | undefined;
  /** For tasks with a hole: its masks; `"oracle"`: the token count of the dataset's own solution, which no model can know. @default 16 */
  masks: number | "oracle";
  /** Samples that a model draws for each task. @default 1 */
  samplesPerTask: number;
  /** Samples drawn at once. Changes speed and memory, not the result. @default 64 */
  batchSize: number;
  /** Sampling temperature, 0 is greedy; several are a sweep. @default 0.2 */
  temperature: number | number[];
  /** Denoising steps; several are a sweep, of which accuracy under parallelism is told. @default the model's */
  steps?: number | number[] | undefined;
  /** Probability from which a masked position is committed; several are a sweep, as of `steps`. @default the model's */
  threshold?: number | number[] | undefined;
  /** Positions to denoise. @default the model's */
  maxNewTokens?: number | undefined;
  /** k of pass@k, shown where there are enough samples. @default 1, 10, 100 and, for a model, `samplesPerTask` */
  ks?: number[] | undefined;
}

const [steps, threshold] = [DecodingOptionsSchema.shape.steps.unwrap(), DecodingOptionsSchema.shape.threshold.unwrap()];

/** `EvaluationSettings` as settings. */
export const EvaluationSettingsSchema = z.strictObject({
  ...DecodingOptionsSchema.omit({ seed: true, temperature: true }).shape,
  steps: oneOrMore(steps).optional().describe(`${steps.description}; several are a sweep`),
  threshold: oneOrMore(threshold).optional().describe(`${threshold.description}; several are a sweep`),
  dataset: DatasetSchema,
  data: TaskSelectionSchema.prefault({}),
  idRange: z
    .tuple([z.int().nonnegative(), z.int().positive()])
    .refine(([from, to]) => from < to, { error: "must be [from, to) with from below to" })
    .optional()
    .describe("tasks [from, to) of the dataset, by position"),
  postProcessor: z.enum(POST_PROCESSORS).optional().describe("how a text becomes a program; default: none for files and infilling, fence for models"),
  template: z
    .enum(Object.keys(PROMPT_TEMPLATES) as [PromptTemplateName, ...PromptTemplateName[]])
    .optional()
    .describe("prompt of a model; default: the paper's for a benchmark, the bare request for tinycode and files"),
  masks: z
    .union([z.int().positive(), z.literal("oracle")])
    .default(16)
    .describe("infilling: masks of the hole; oracle: the token count of the dataset's own solution, which no model can know"),
  samplesPerTask: z.int().positive().max(100_000).default(1).describe("samples that a model draws for each task"),
  batchSize: z.int().positive().default(64).describe("samples drawn at once; changes the speed, not the result"),
  temperature: oneOrMore(z.number().min(0).max(2)).default(0.2).describe("sampling temperature, 0 is greedy; several are a sweep"),
  maxNewTokens: z.int().positive().optional().describe("positions to denoise; default: the model's"),
  ks: z
    .array(z.int().positive())
    .min(1)
    .optional()
    .describe("k of pass@k, shown where there are enough samples; default: 1, 10, 100 and a model's samplesPerTask"),
}) satisfies z.ZodType<EvaluationSettings>;
