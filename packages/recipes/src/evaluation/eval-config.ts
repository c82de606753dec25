import { BENCHMARK_NAMES, POST_PROCESSORS, PROMPT_TEMPLATES } from "@diffucoder/eval";
import { DecodingOptionsSchema } from "@diffucoder/samplers";
import { z } from "zod";
import { IsolationSchema } from "./isolation.ts";

const oneOrMore = <S extends z.ZodType>(item: S) => z.union([item, z.array(item).min(1)]);

/** Whether a model fills a hole between two texts, instead of being asked in words. */
export function isInfilling(dataset: string): boolean {
  return dataset.startsWith("infilling");
}

/** What `diffucoder eval` takes from `--config`, `--set` and its flags. */
export const EvalConfigSchema = z
  .strictObject({
    dataset: z.enum(BENCHMARK_NAMES as [string, ...string[]]).describe("benchmark"),
    samples: oneOrMore(z.string()).optional().describe("files in EvalPlus's sample format; several are a sweep"),
    model: z.string().optional().describe("model folder that writes the samples"),
    output: z.string().optional().describe("folder for samples, scores and the report; an interrupted run goes on there"),
    postProcessor: z.enum(POST_PROCESSORS).optional().describe("from text to program; default: none for files and infilling, fence for models"),
    template: z
      .enum(Object.keys(PROMPT_TEMPLATES) as [string, ...string[]])
      .optional()
      .describe("prompt of a model; default: the paper's for the task"),
    masks: z
      .union([z.int().positive(), z.literal("oracle")])
      .default(16)
      .describe("infilling: masks of the hole; oracle: as many as the benchmark's own solution has tokens, which the model could not know"),
    samplesPerTask: z.int().positive().default(1).describe("samples that a model draws of each task"),
    temperature: oneOrMore(z.number().min(0).max(2)).default(0.2).describe("of the model, 0 is greedy; several are a sweep"),
    steps: z.int().positive().optional().describe("denoising steps; default: the model's"),
    maxNewTokens: z.int().positive().optional().describe("positions to denoise; default: the model's"),
    alg: DecodingOptionsSchema.shape.alg,
    topP: z.number().gt(0).max(1).optional().describe("nucleus sampling; default: the model's"),
    idRange: z.tuple([z.int().nonnegative(), z.int().positive()]).optional().describe("tasks [from, to) of the benchmark, by position"),
    seed: z.int().nonnegative().default(0).describe("of sampling and of the intervals"),
    ks: z.array(z.int().positive()).min(1).default([1, 10, 100]).describe("the k of pass@k; those with enough samples are shown"),
    isolation: IsolationSchema.default("auto").describe(
      "what keeps programs apart; none must be asked for; e2b and piston:URL run them elsewhere, calls only",
    ),
    python: z
      .string()
      .min(1)
      .optional()
      .describe("path of the Python that programs run on, with the packages installed for it; default: the system's python3, without packages"),
    workers: z.int().positive().max(256).default(2).describe("programs that run at the same time"),
  })
  .refine(({ samples, model }) => (samples === undefined) !== (model === undefined), { error: "give either samples or model" })
  .refine(({ template, maxNewTokens, dataset }) => !isInfilling(dataset) || (template === undefined && maxNewTokens === undefined), {
    error: "template and maxNewTokens do not apply to infilling; set masks instead",
  })
  .refine(({ postProcessor, dataset }) => postProcessor !== "sanitize" || !dataset.startsWith("multipl-e"), {
    error: "postProcessor sanitize supports Python only; use none, fence or stop for multipl-e",
  })
  .refine(({ model, output }) => model === undefined || output !== undefined, { error: "output is needed with model: what was generated is kept" });

export type EvalConfig = z.output<typeof EvalConfigSchema>;
