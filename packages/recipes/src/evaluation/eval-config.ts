import { type LoadSettings, LoadSettingsSchema } from "@diffucoder/engine";
import { DecodingOptionsSchema } from "@diffucoder/samplers";
import { z } from "zod";
import { type EvaluationSettings, EvaluationSettingsSchema } from "./evaluation-settings.ts";
import { IsolationSchema } from "./isolation.ts";

const oneOrMore = <S extends z.ZodType>(item: S) => z.union([item, z.array(item).min(1)]);

/** Settings without a default that say how a model is loaded and how it writes. */
const OF_A_MODEL = [
  ...Object.keys(LoadSettingsSchema.shape),
  ...Object.keys(DecodingOptionsSchema.omit({ seed: true, temperature: true }).shape),
  "maxNewTokens",
  "template",
] as (keyof EvalConfig)[];

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
  samples: oneOrMore(z.string().min(1)).optional().describe("files in EvalPlus's sample format; several are a sweep"),
  model: z.string().min(1).optional().describe("model folder that writes the samples"),
  output: z.string().min(1).optional().describe("folder for samples, scores and the report; an interrupted run resumes there"),
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
  .check(({ value, issues }) => {
    const unused = value.samples === undefined ? [] : OF_A_MODEL.filter((name) => value[name] !== undefined);
    const message = `${unused.join(", ")}: for a model, not for samples that are there already`;
    if (unused.length > 0) issues.push({ code: "custom", input: value, path: [], message });
  })
  .refine(({ model, output }) => model === undefined || output !== undefined, {
    error: "output is required with model, to keep what it generates",
  }) satisfies z.ZodType<EvalConfig>;
