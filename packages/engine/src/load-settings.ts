import type { Quantization, ReadModelConfigOptions } from "@diffucoder/model";
import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import { type ExecutorOptions, ExecutorOptionsSchema } from "./executor-option.ts";

/** As what a model is read, how it is kept in memory, and where it runs. */
export interface LoadSettings extends ExecutorOptions, ReadModelConfigOptions {
  /**
   * Keep the matrices in 8 or 4 bits: a 7B model takes 7.7 GB or 5.3 GB, and 9 GB while it generates; `"none"`: as the files hold them. Of a
   * download they are quantized once and kept beside it.
   *
   * @default `"int8"` from 250 million weights on, on ONNX Runtime on the processor and in float32, unless the checkpoint is quantized; else `"none"`
   */
  quantize?: Quantization | "none" | undefined;
  /** Folder of a LoRA adapter in PEFT's form, which is added to the model. @default none */
  adapter?: string | undefined;
  /**
   * Bytes of keys and values that outlive their requests, at most, so that one whose prompt begins like an earlier request begins where the two
   * part, such as the next turn of a chat; what was used the longest ago goes first. Of block-causal and autoregressive models, for which
   * it is exact; 0: none. @default 268435456, 256 MiB; 0 on a GPU
   */
  prefixCacheBytes?: number | undefined;
  /** Bytes of the keys and values of the requests that are decoded with the same cache, at most: others wait for room. @default 2147483648, 2 GiB */
  maxCacheBytes?: number | undefined;
}

/** `LoadSettings` as settings of commands. */
export const LoadSettingsSchema = z.strictObject({
  family: z
    .string()
    .min(1)
    .optional()
    .describe("model family where the folder does not tell: qwen2 or open-dcoder for a Qwen2 (default: by its config.json and mask token)"),
  quantize: z
    .enum(["int8", "int4", "none"])
    .optional()
    .describe("keep the matrices in 8 or 4 bits: int8, int4 or none (default: int8 from 250 million weights on)"),
  adapter: z.string().min(1).optional().describe("folder of a LoRA adapter in PEFT's form, which is added to the model"),
  prefixCacheBytes: z
    .int()
    .nonnegative()
    .optional()
    .describe("keys and values that outlive their requests, for prompts that begin like earlier ones, bytes at most; 0: none (default: 256 MiB)"),
  maxCacheBytes: z.int().positive().optional().describe("keys and values of the requests that are decoded together, bytes at most (default: 2 GiB)"),
  ...ExecutorOptionsSchema.shape,
}) satisfies z.ZodType<LoadSettings>;

/** What `loadDiffuCoder` takes besides, but for functions and signals. */
const LoadOptionsSchema = z.strictObject({
  ...LoadSettingsSchema.shape,
  maxRows: z.int().positive().optional(),
  maxTokens: z.int().positive().optional(),
  cacheDir: z.string().min(1).optional(),
  endpoint: z.string().min(1).optional(),
  token: z.string().min(1).optional(),
  offline: z.boolean().optional(),
  environment: z.record(z.string(), z.string().optional()).optional(),
});

/** @throws {ConfigError} naming every unknown option and every bad value */
export function checkLoadOptions(options: object): void {
  const functions = ["signal", "onProgress", "onNotice"];
  const isObject = typeof options === "object" && options !== null;
  const data = isObject ? Object.fromEntries(Object.entries(options).filter(([name]) => !functions.includes(name))) : options;
  parseConfig(LoadOptionsSchema, data, { source: "load options" });
}
