import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseConfig, readJsonObject } from "@diffucoder/core";
import { AlgSchema } from "@diffucoder/samplers";
import { z } from "zod";

/** How a model wants to be used: its canvas, and the sampler's settings unless a call says otherwise. */
export const GenerationConfigSchema = z.strictObject({
  promptLength: z.int().positive().default(256).describe("positions of the prompt; shorter prompts are padded on the left, tokens"),
  maxNewTokens: z.int().positive().default(256).describe("positions of the completion, all masked at first, tokens"),
  steps: z.int().positive().optional().describe("denoising steps; as many as maxNewTokens if absent"),
  alg: AlgSchema.default("entropy").describe("which masked positions are committed first"),
  temperature: z.number().min(0).max(2).default(0.2).describe("0 is greedy"),
  topP: z.number().gt(0).max(1).default(0.95).describe("nucleus sampling; 1 keeps every token"),
});

/** The parsed form, with every default filled in. */
export type GenerationConfig = Omit<z.output<typeof GenerationConfigSchema>, "steps"> & { steps: number };

/**
 * Reads `generation_config.json` of a model folder; without one the defaults hold, which are the paper's.
 *
 * @throws {ConfigError} naming every unknown key and bad value
 */
export function readGenerationConfig(dir: string): Readonly<GenerationConfig> {
  const file = join(dir, "generation_config.json");
  const config = parseConfig(GenerationConfigSchema, existsSync(file) ? readJsonObject(file) : {}, { source: file });
  return Object.freeze({ ...config, steps: config.steps ?? config.maxNewTokens });
}
