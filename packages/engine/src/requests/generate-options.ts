import { type DecodingOptions, DecodingOptionsSchema } from "@diffucoder/samplers";
import type { ChatMessage, Tokenizer, ToolDefinition } from "@diffucoder/tokenizer";
import { z } from "zod";
import type { RevealEvent } from "../events.ts";
import { dataOf } from "./call-options.ts";
import { MAX_CANVAS } from "../folder/generation-config.ts";
import { type PinnedTokens, PinnedTokensSchema } from "./pinned-tokens.ts";
import { type Decoding, type DecodingModel, parseOptions, resolveDecoding } from "./resolve-decoding.ts";

/** What to generate, and how. What is not given comes from the model's generation config. */
export interface GenerateOptions extends DecodingOptions {
  /** The request, as the one message of a user. Exactly one of `prompt`, `promptIds` and `messages` is given. */
  prompt?: string | undefined;
  /** Tokens of a text that goes on, as they are: ids of special tokens are those tokens. */
  promptIds?: readonly number[] | undefined;
  /** A conversation; the answer is the assistant's next turn. */
  messages?: readonly ChatMessage[] | undefined;
  /** Functions that the assistant may call; `parseToolCalls` of `@diffucoder/tokenizer` reads the calls from its answer. @default none */
  tools?: readonly ToolDefinition[] | undefined;
  /** Whether the last of `messages`, an assistant's turn, is the beginning of the answer, which goes on from there. @default false */
  continueFinalMessage?: boolean | undefined;
  /** Whether `prompt` is put into the chat template; if not, its text goes on. @default whether the model has one */
  chatTemplate?: boolean | undefined;
  /** Positions of the completion, tokens. The whole canvas is denoised, so a shorter one is cheaper and changes the answer. */
  maxNewTokens?: number | undefined;
  /** Tokens of the completion that are given, at their places; the rest is denoised around them. @default none */
  pinned?: readonly PinnedTokens[] | undefined;
  /** Cuts the answer after this many tokens without changing the canvas. @default no cut */
  maxTokens?: number | undefined;
  /** Stop as soon as no token that is still masked can change the answer. @default false */
  earlyExit?: boolean | undefined;
  /** Whether each reveal also tells what was proposed and not committed. @default false */
  provisional?: boolean | undefined;
  /** Stops the generation between two forward passes. */
  signal?: AbortSignal | undefined;
  /** Called after every forward pass. */
  onStep?: ((event: RevealEvent) => void) | undefined;
}

const object = z.record(z.string(), z.unknown());

const MessageSchema = z.strictObject({
  role: z.enum(["system", "user", "assistant", "tool"]),
  content: z.string(),
  toolCalls: z.array(z.strictObject({ id: z.string().optional(), name: z.string(), arguments: object })).optional(),
  toolCallId: z.string().optional(),
});

const ToolSchema = z.strictObject({
  type: z.literal("function"),
  function: z.strictObject({ name: z.string(), description: z.string().optional(), parameters: object.optional(), strict: z.boolean().nullish() }),
});

/** All of `GenerateOptions` that is data; the rest are functions and signals. */
export const GenerateSettingsSchema = z.strictObject({
  prompt: z.string().optional().describe("what the code should do"),
  promptIds: z.array(z.int().nonnegative()).optional().describe("token ids of a text that goes on, instead of a prompt"),
  messages: z.array(MessageSchema).optional().describe("a conversation, instead of a prompt"),
  tools: z.array(ToolSchema).optional().describe("functions that the assistant may call"),
  continueFinalMessage: z.boolean().optional().describe("whether the last message is the beginning of the answer"),
  chatTemplate: z.boolean().optional().describe("whether the prompt is put into the chat template; if not, its text goes on"),
  maxNewTokens: z.int().positive().optional().describe("positions to denoise, tokens"),
  pinned: z.array(PinnedTokensSchema).max(1024).optional().describe("tokens of the completion that are given, at their places"),
  maxTokens: z.int().positive().optional().describe("cut the answer after so many tokens"),
  earlyExit: z.boolean().default(false).describe("stop when nothing that is still masked can change the answer"),
  provisional: z.boolean().default(false).describe("whether each reveal also tells what was proposed and not committed"),
  ...DecodingOptionsSchema.shape,
});

/** What a generation runs with: the model's defaults, overridden by the call's. */
export interface GenerateSettings extends Decoding {
  /** Positions of the completion, tokens. */
  maxNewTokens: number;
  /** After how many tokens the answer is cut. */
  maxTokens: number | undefined;
  /** Whether it stops as soon as no token that is still masked can change the answer. */
  earlyExit: boolean;
  /** Whether each reveal also tells what was proposed and not committed. */
  provisional: boolean;
}

/**
 * Fills in the model's defaults.
 *
 * @throws {ConfigError} naming every bad value
 */
export function resolveSettings(
  options: GenerateOptions,
  model: DecodingModel & {
    /** Tokens of the longest sequence. */
    maxLength: number;
    /** What the options are called in an error. @default "generate options" */
    source?: string;
    /** Says whether prompts are put into a chat template. @default they are */
    tokenizer?: Pick<Tokenizer, "hasChat" | "decode">;
  },
): GenerateSettings {
  const { source = "generate options" } = model;
  const data = dataOf(options, source);
  const { maxNewTokens = model.defaults.maxNewTokens } = data;
  const more: string[] = [];
  if (maxNewTokens > MAX_CANVAS && model.maxLength > MAX_CANVAS) more.push(`maxNewTokens: must be at most ${MAX_CANVAS}, got ${maxNewTokens}`);
  else if (maxNewTokens >= model.maxLength)
    more.push(`maxNewTokens: must be below ${model.maxLength}, the model's longest sequence, got ${maxNewTokens}`);
  const given = parseOptions(GenerateSettingsSchema, data, { source, model, tokens: maxNewTokens, more });
  const { maxTokens, earlyExit, provisional } = given;
  return {
    ...resolveDecoding(given, {
      model,
      tokens: maxNewTokens,
      before: textBefore(data, model.tokenizer),
      spans: [{ start: 0, length: Math.min(maxNewTokens, maxTokens ?? maxNewTokens) }],
    }),
    maxNewTokens,
    maxTokens,
    earlyExit,
    provisional,
  };
}

/** What the answer goes on from: a constraint is about both together. */
function textBefore(
  { prompt, promptIds, messages, chatTemplate, continueFinalMessage = false }: GenerateOptions,
  tokenizer: Pick<Tokenizer, "hasChat" | "decode"> = { hasChat: true, decode: () => "" },
): string {
  if (promptIds !== undefined) return tokenizer.decode(promptIds.filter((id) => id >= 0));
  if (prompt !== undefined) return (chatTemplate ?? tokenizer.hasChat) ? "" : prompt;
  return continueFinalMessage ? (messages?.at(-1)?.content ?? "") : "";
}
