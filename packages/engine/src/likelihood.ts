// How likely a model holds a text for, behind a prompt.
import { createRandom, InvalidArgumentError, parseConfig, TooLongError } from "@diffucoder/core";
import { estimateLikelihood, type Likelihood, type LogitsFunction, type ModelParameters } from "@diffucoder/diffusion";
import { modelTraits } from "@diffucoder/model";
import type { Executor } from "@diffucoder/tensor";
import { z } from "zod";
import type { ModelFolder } from "./folder/model-folder.ts";
import { encodePrompt } from "./requests/prompt.ts";

/** The text whose likelihood is estimated. */
export interface LikelihoodOptions {
  /** What the text answers. */
  prompt: string;
  /** The text. Its end is not scored: it is what an answer begins with. */
  completion: string;
  /** Whether `prompt` is put into the chat template; if not, its text goes on. @default whether the model has one */
  chatTemplate?: boolean | undefined;
  /** Ways of masking the text that are drawn, one row of a forward pass each; at least 2. @default 128 */
  samples?: number | undefined;
  /** The same seed gives the same estimate. @default 0 */
  seed?: number | undefined;
}

/** All of `LikelihoodOptions`. */
export const LikelihoodOptionsSchema = z.strictObject({
  prompt: z.string().describe("what the text answers"),
  completion: z.string().min(1).describe("the text whose likelihood is estimated"),
  chatTemplate: z.boolean().optional().describe("whether the prompt is put into the chat template; if not, its text goes on"),
  samples: z.int().min(2).max(65_536).default(128).describe("ways of masking the text that are drawn, one row of a forward pass each"),
  seed: z.int().nonnegative().default(0).describe("the same seed gives the same estimate"),
}) satisfies z.ZodType<unknown, LikelihoodOptions>;

/** An estimate, and what it is of. */
export interface TextLikelihood extends Likelihood {
  /** Tokens of the prompt in the chat template, without padding. */
  promptTokens: number;
  /** Tokens of the completion. */
  completionTokens: number;
}

/** A call's settings and tokens. @throws what `DiffuCoder.likelihood` throws of its options */
export function prepareLikelihood(model: ModelFolder, options: LikelihoodOptions) {
  const settings = parseConfig(LikelihoodOptionsSchema, options, { source: "likelihood options" });
  const { tokenizer, maxLength, autoregressive, blocks, generationConfig } = model;
  if (autoregressive !== undefined)
    throw new InvalidArgumentError({
      argument: "model",
      value: autoregressive,
      expected: "a masked diffusion model, whose likelihood is estimated from masks",
    });
  if (blocks?.ofModel !== undefined)
    throw new InvalidArgumentError({
      argument: "model",
      value: modelTraits(model.config).family,
      expected: "a masked diffusion model that sees all of a text, whose likelihood is estimated from masks anywhere in it",
    });
  const { padPrompt = true, promptLength } = generationConfig;
  const limit = padPrompt
    ? { tokens: promptLength, reason: "It was trained with this prompt length." }
    : { tokens: maxLength - 1, reason: `The model is made for ${maxLength} tokens.` };
  const promptIds = encodePrompt(settings, { tokenizer, limit });
  const completionIds = tokenizer.encode(settings.completion);
  const room = maxLength - (padPrompt ? promptLength : promptIds.length);
  if (completionIds.length > room)
    throw new TooLongError({
      argument: "completion",
      what: "The completion",
      tokens: completionIds.length,
      limit: room,
      wayOut: `The model is made for ${maxLength} tokens, prompt and completion together.`,
    });
  return { settings, promptIds, completionIds };
}

/** See `DiffuCoder.likelihood`. */
export async function textLikelihood(
  model: ModelFolder,
  { logits, parameters, executor }: { logits: LogitsFunction; parameters: ModelParameters; executor: Executor },
  options: LikelihoodOptions,
): Promise<TextLikelihood> {
  const { settings, promptIds, completionIds } = prepareLikelihood(model, options);
  const { samples, seed } = settings;
  const { padPrompt = true, promptLength } = model.generationConfig;
  const padding = padPrompt ? Array.from({ length: promptLength - promptIds.length }, () => model.padTokenId) : [];
  const { maskTokenId = 0, shift } = modelTraits(model.config);
  const random = createRandom(seed);
  const estimate = await estimateLikelihood({
    logits,
    parameters,
    executor,
    maskTokenId,
    shift,
    promptIds: [...padding, ...promptIds],
    completionIds,
    samples,
    random,
  });
  return { ...estimate, promptTokens: promptIds.length, completionTokens: completionIds.length };
}
