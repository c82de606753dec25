import { InvalidArgumentError, NoChatTemplateError, show, TooLongError } from "@diffucoder/core";
import { type ChatMessage, SPECIAL_TOKENS, type Tokenizer } from "@diffucoder/tokenizer";
import type { GenerateOptions } from "./generate-options.ts";

type PromptOptions = Pick<GenerateOptions, "prompt" | "messages" | "continueFinalMessage" | "chatTemplate">;

/**
 * Tokens of what is asked: a prompt or a conversation in the model's chat template, or a prompt as it is. Nothing in the text
 * can become a special token.
 *
 * @param limit tokens for which the model has room, and why
 * @throws {InvalidArgumentError} if there is nothing to encode
 * @throws {TooLongError} if there is no room for it
 * @throws {NoChatTemplateError} if the model has no template for a conversation
 */
export function encodePrompt(
  options: PromptOptions,
  { tokenizer, limit }: { tokenizer: Tokenizer; limit: { tokens: number; reason: string } },
): number[] {
  const { prompt, messages, chatTemplate = messages !== undefined || tokenizer.hasChat } = options;
  if (prompt !== undefined && messages !== undefined) {
    throw new InvalidArgumentError({ argument: "prompt", value: prompt, expected: "absent if messages is given" });
  }
  const conversation: readonly ChatMessage[] | undefined = prompt === undefined ? messages : [{ role: "user", content: prompt }];
  if (conversation === undefined || conversation.length === 0 || (prompt === "" && !chatTemplate)) {
    throw new InvalidArgumentError({ argument: "prompt", value: prompt, expected: "given, or else messages" });
  }
  const argument = prompt === undefined ? "messages" : "prompt";
  if (chatTemplate && !tokenizer.hasChat) {
    throw prompt === undefined
      ? new NoChatTemplateError({ argument, value: messages, wayOut: "Pass `prompt` instead; it is continued as plain text." })
      : new NoChatTemplateError({ argument: "chatTemplate", value: true, wayOut: "Without it, `prompt` is continued as plain text." });
  }
  const ids = chatTemplate
    ? encodeConversation(conversation, { tokenizer, continueFinalMessage: options.continueFinalMessage ?? false })
    : tokenizer.encode(prompt as string);
  if (ids.length > limit.tokens) {
    const what = argument === "prompt" ? "The prompt" : "The conversation";
    const where = chatTemplate ? "in the chat template" : undefined;
    throw new TooLongError({ argument, what, where, tokens: ids.length, limit: limit.tokens, wayOut: limit.reason });
  }
  return ids;
}

function encodeConversation(
  conversation: readonly ChatMessage[],
  { tokenizer, continueFinalMessage }: { tokenizer: Tokenizer; continueFinalMessage: boolean },
): number[] {
  const last = conversation.at(-1);
  if (!continueFinalMessage) return tokenizer.encodeChat(conversation);
  if (last?.role !== "assistant") {
    throw new InvalidArgumentError({
      argument: "messages",
      value: last?.role,
      expected: "a conversation whose last message is from the assistant",
      message: `With continueFinalMessage, the last message must be from the assistant, got ${show(last?.role)}.`,
    });
  }
  const before = conversation.slice(0, -1);
  const imStart = tokenizer.specialTokens.get(SPECIAL_TOKENS.imStart);
  if (imStart === undefined) return [...tokenizer.encodeChat(before), ...tokenizer.encode(last.content)];
  // as one text with the role, as encodeChat writes turns, but without the token that ends one
  return [...tokenizer.encodeChat(before, { addGenerationPrompt: false }), imStart, ...tokenizer.encode(`assistant\n${last.content}`)];
}
