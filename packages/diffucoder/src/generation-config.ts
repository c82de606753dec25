import { existsSync } from "node:fs";
import { join } from "node:path";
import { folderFile, parseConfig, readJsonObject } from "@diffucoder/core";
import { z } from "zod";
import { DECODER_NAMES } from "./decoders.ts";

/** How a model wants to be used: its canvas, and the sampler's settings unless a call says otherwise. */
export const GenerationConfigSchema = z.strictObject({
  promptLength: z.int().positive().default(256).describe("positions of the prompt; shorter prompts are padded on the left, tokens"),
  maxNewTokens: z.int().positive().default(256).describe("positions of the completion, all masked at first, tokens"),
  steps: z.int().positive().optional().describe("denoising steps; as many as maxNewTokens if absent"),
  alg: z.enum(DECODER_NAMES).default("entropy").describe("which masked positions are committed first"),
  temperature: z.number().min(0).max(2).default(0.2).describe("0 is greedy"),
  topP: z.number().gt(0).max(1).default(0.95).describe("nucleus sampling; 1 keeps every token"),
});

/** The parsed form, with every default filled in. */
export type GenerationConfig = Omit<z.output<typeof GenerationConfigSchema>, "steps"> & {
  steps: number;
  /** False: `promptLength` is only a limit, and shorter prompts stay as long as they are. @default true */
  padPrompt?: boolean;
};

/** What published models say of generation, by Hugging Face's names; their other keys are not about a canvas. */
const published = {
  max_new_tokens: "maxNewTokens",
  steps: "steps",
  alg: "alg",
  temperature: "temperature",
  top_p: "topP",
} as const;

/**
 * Reads `generation_config.json` of a model folder, in this package's form or in Hugging Face's, which published models
 * have; without one the defaults hold, which are the paper's. Only a prompt length in this package's form is a canvas to be
 * filled.
 *
 * @param maxLength the model's longest sequence, tokens
 * @param greedyUnlessSampling whether Hugging Face's temperature counts only beside `do_sample: true`, as it does for
 * autoregressive models
 * @throws {ConfigError} naming every unknown key and bad value
 */
export function readGenerationConfig(
  dir: string,
  { maxLength, greedyUnlessSampling = false }: { maxLength?: number; greedyUnlessSampling?: boolean } = {},
): Readonly<GenerationConfig> {
  const file = join(dir, "generation_config.json");
  const data = existsSync(file) ? readJsonObject(folderFile(dir, "generation_config.json")) : {};
  const isPublished = Object.keys(data).some((key) => key.includes("_"));
  const isGreedy = greedyUnlessSampling && (isPublished || Object.keys(data).length === 0) && data["do_sample"] !== true;
  const named = Object.entries(published).flatMap(([key, name]) => (data[key] === undefined || data[key] === null ? [] : [[name, data[key]]]));
  const config = parseConfig(
    GenerationConfigSchema,
    { ...(isPublished ? Object.fromEntries(named) : data), ...(isGreedy && { temperature: 0 }) },
    { source: file },
  );
  const padPrompt = !isPublished && "promptLength" in data;
  const promptLength = padPrompt ? config.promptLength : Math.max((maxLength ?? Infinity) - config.maxNewTokens, config.promptLength);
  return Object.freeze({ ...config, promptLength, padPrompt, steps: config.steps ?? config.maxNewTokens });
}
