import { parseConfig } from "@diffucoder/core";
import { AlgSchema } from "@diffucoder/samplers";
import type { ChatMessage } from "@diffucoder/tokenizer";
import { z } from "zod";
import type { RevealEvent } from "./events.ts";
import type { GenerationConfig } from "./generation-config.ts";

/** What to generate, and how. What is not given comes from the model's generation config. */
export interface GenerateOptions {
  /** The request, as the one message of a user. Exactly one of `prompt` and `messages` is given. */
  prompt?: string | undefined;
  /** A conversation; the answer is the assistant's next turn. */
  messages?: readonly ChatMessage[] | undefined;
  /** Whether the last of `messages`, an assistant's turn, is the beginning of the answer, which goes on from there. @default false */
  continueFinalMessage?: boolean | undefined;
  /** Positions of the completion, tokens. The whole canvas is denoised, so a shorter one is cheaper and changes the answer. */
  maxNewTokens?: number | undefined;
  /** Cuts the answer after this many tokens without changing the canvas. @default no cut */
  maxTokens?: number | undefined;
  /** Denoising steps, one forward pass each. @default the config's, in proportion to `maxNewTokens` */
  steps?: number | undefined;
  /** Which masked positions are committed first: `entropy`, `maskgit_plus`, `topk_margin` or `origin`. */
  alg?: string | undefined;
  /** 0 is greedy. */
  temperature?: number | undefined;
  /** Nucleus sampling; 1 keeps every token. */
  topP?: number | undefined;
  /** The same seed and options give the same answer. @default 0 */
  seed?: number | undefined;
  /** Stop as soon as no token that is still masked can change the answer. @default false */
  earlyExit?: boolean | undefined;
  /** Stops the generation between two forward passes. */
  signal?: AbortSignal | undefined;
  /** Called after every forward pass. */
  onStep?: ((event: RevealEvent) => void) | undefined;
}

/** The settings that are data; the rest of `GenerateOptions` is text, functions and signals. */
export const GenerateSettingsSchema = z.strictObject({
  maxNewTokens: z.int().positive().optional(),
  maxTokens: z.int().positive().optional(),
  steps: z.int().positive().max(65_536).optional(),
  alg: AlgSchema.optional(),
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().gt(0).max(1).optional(),
  seed: z.int().nonnegative().default(0),
  earlyExit: z.boolean().default(false),
});

/** What a generation runs with: the model's defaults, overridden by the call's. */
export interface GenerateSettings extends Omit<GenerationConfig, "promptLength" | "padPrompt"> {
  maxTokens: number | undefined;
  seed: number;
  earlyExit: boolean;
}

/**
 * Fills in the model's defaults.
 *
 * @throws {ConfigError} naming every bad value
 */
export function resolveSettings(options: GenerateOptions, defaults: GenerationConfig): GenerateSettings {
  const { prompt: _prompt, messages: _messages, signal: _signal, onStep: _onStep, continueFinalMessage: _continue, ...data } = options;
  const given = parseConfig(GenerateSettingsSchema, data, { source: "generate's options" });
  const maxNewTokens = given.maxNewTokens ?? defaults.maxNewTokens;
  return {
    maxNewTokens,
    maxTokens: given.maxTokens,
    steps: given.steps ?? Math.ceil((defaults.steps * maxNewTokens) / defaults.maxNewTokens),
    alg: given.alg ?? defaults.alg,
    temperature: given.temperature ?? defaults.temperature,
    topP: given.topP ?? defaults.topP,
    seed: given.seed,
    earlyExit: given.earlyExit,
  };
}
