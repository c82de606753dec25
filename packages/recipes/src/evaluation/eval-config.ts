import { type LoadSettings, LoadSettingsSchema } from "@diffucoder/engine";
import { z } from "zod";
import { type EvaluationSettings, EvaluationSettingsSchema } from "./evaluation-settings.ts";
import { IsolationSchema } from "./isolation.ts";

const oneOrMore = <S extends z.ZodType>(item: S) => z.union([item, z.array(item).min(1)]);

/** An evaluation: of samples in files, or of a model that writes them. */
export interface EvalConfig extends EvaluationSettings, LoadSettings {
  /** Files in EvalPlus's sample format; several are a sweep. Exactly one of `samples` and `model` is given. */
  samples?: string | string[] | undefined;
  /** Model folder, or repository on the hub, that writes the samples. */
  model?: string | undefined;
  /** Folder for samples, scores and the report; an interrupted run resumes there. Required with `model`. @default nothing is kept */
  output?: string | undefined;
  /** Seed of sampling and of the intervals. @default 0 */
  seed: number;
  /** Isolation of programs: a level, `"e2b"`, or `"piston:URL"`; the last two run calls only. @default "auto" */
  isolation: string;
  /** Path of the Python to run programs with, including its installed packages. @default the system's, without packages */
  python?: string | undefined;
  /** Programs that run at the same time. @default 2 */
  workers: number;
}

/** `EvalConfig` as settings: what `diffucoder eval` takes from `--config`, `--set` and its flags. */
export const EvalConfigSchema = EvaluationSettingsSchema.extend({
  samples: oneOrMore(z.string()).optional().describe("files in EvalPlus's sample format; several are a sweep"),
  model: z.string().optional().describe("model folder that writes the samples"),
  output: z.string().optional().describe("folder for samples, scores and the report; an interrupted run resumes there"),
  seed: z.int().nonnegative().default(0).describe("seed of sampling and of the intervals"),
  ...LoadSettingsSchema.shape,
  isolation: IsolationSchema.default("auto").describe(
    "isolation of programs; none only if asked for; e2b and piston:URL run them elsewhere, calls only",
  ),
  python: z
    .string()
    .min(1)
    .optional()
    .describe("path of the Python to run programs with, including its installed packages; default: the system's python3, without packages"),
  workers: z.int().positive().max(256).default(2).describe("programs that run at the same time"),
})
  .refine(({ samples, model }) => (samples === undefined) !== (model === undefined), { error: "give either samples or model" })
  .refine(
    ({ samples, quantize, executor, device, precision }) => samples === undefined || (quantize ?? executor ?? device ?? precision) === undefined,
    {
      error: "quantize, executor, device and precision apply to a model, not to samples that are there already",
    },
  )
  .refine(({ model, output }) => model === undefined || output !== undefined, {
    error: "output is required with model, to keep what it generates",
  }) satisfies z.ZodType<EvalConfig>;
