import type { Quantization, ReadModelConfigOptions } from "@diffucoder/model";
import { z } from "zod";
import { type ExecutorOptions, ExecutorOptionsSchema } from "./executor-option.ts";

/** As what a model is read, how it is kept in memory, and where it runs. */
export interface LoadSettings extends ExecutorOptions, ReadModelConfigOptions {
  /** Keep the matrices in 8 or 4 bits: a 7B model takes 7.7 GB or 5.3 GB, and 9 GB while it generates. @default as float32, unless the checkpoint is quantized */
  quantize?: Quantization | undefined;
}

/** `LoadSettings` as settings of commands. */
export const LoadSettingsSchema = z.strictObject({
  family: z
    .string()
    .min(1)
    .optional()
    .describe("model family where the folder does not tell: qwen2 or open-dcoder for a Qwen2 (default: by its config.json and mask token)"),
  quantize: z.enum(["int8", "int4"]).optional().describe("keep the matrices in 8 or 4 bits: int8 or int4"),
  ...ExecutorOptionsSchema.shape,
}) satisfies z.ZodType<LoadSettings>;
