import { InvalidArgumentError, NoChatTemplateError, show, TooLongError } from "@diffucoder/core";
import { type ChatMessage, SPECIAL_TOKENS, type Tokenizer } from "@diffucoder/tokenizer";
import type { GenerateOptions } from "./generate-options.ts";

type PromptOptions = Pick<GenerateOptions, "prompt" | "promptIds" | "messages" | "tools" | "continueFinalMessage" | "chatTemplate">;

/**
 * Tokens of what is asked: a prompt or a conversation in the model's chat template, or a prompt as it is. Nothing in the text
 * can become a special token; ids are what they are.
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
  const { prompt, promptIds, messages, chatTemplate = messages !== undefined || tokenizer.hasChat } = options;
  if (promptIds !== undefined) return givenIds(promptIds, options, { tokenizer, limit });
  if (prompt !== undefined && messages !== undefined) {
    throw new InvalidArgumentError({ argument: "prompt", value: prompt, expected: "absent if messages is given" });
  }
  if (messages?.length === 0) throw new InvalidArgumentError({ argument: "messages", value: messages, expected: "one message or more" });
  const conversation: readonly ChatMessage[] | undefined = prompt === undefined ? messages : [{ role: "user", content: prompt }];
  if (conversation === undefined || (prompt === "" && !chatTemplate)) {
    throw new InvalidArgumentError({ argument: "prompt", value: prompt, expected: "given, or else messages" });
  }
  const argument = prompt === undefined ? "messages" : "prompt";
  if (chatTemplate && !tokenizer.hasChat) {
    throw prompt === undefined
      ? new NoChatTemplateError({ argument, value: messages, wayOut: "Pass `prompt` instead; it is continued as plain text." })
      : new NoChatTemplateError({ argument: "chatTemplate", value: true, wayOut: "Without it, `prompt` is continued as plain text." });
  }
  const ids = chatTemplate
    ? encodeConversation(conversation, { tokenizer, tools: options.tools, continueFinalMessage: options.continueFinalMessage ?? false })
    : tokenizer.encode(prompt as string);
  if (ids.length === 0) {
    const wayOut = "Without the template (chatTemplate: false), `prompt` is continued as plain text.";
    throw new InvalidArgumentError({ argument, value: prompt ?? messages, expected: "what the model's chat template writes a token of", wayOut });
  }
  if (ids.length > limit.tokens) {
    const what = argument === "prompt" ? "The prompt" : "The conversation";
    const where = chatTemplate ? "in the chat template" : undefined;
    throw new TooLongError({ argument, what, where, tokens: ids.length, limit: limit.tokens, wayOut: limit.reason });
  }
  return ids;
}

function givenIds(
  promptIds: readonly number[],
  { prompt, messages }: PromptOptions,
  { tokenizer, limit }: { tokenizer: Tokenizer; limit: { tokens: number; reason: string } },
): number[] {
  const argument = "promptIds";
  if (prompt !== undefined || messages !== undefined || promptIds.length === 0)
    throw new InvalidArgumentError({ argument, value: promptIds, expected: "one token or more, without prompt and messages" });
  const unknown = promptIds.find((id) => !tokenizer.hasToken(id));
  if (unknown !== undefined) throw new InvalidArgumentError({ argument, value: unknown, expected: "ids of the model's tokens" });
  if (promptIds.length > limit.tokens)
    throw new TooLongError({ argument, what: "The prompt", tokens: promptIds.length, limit: limit.tokens, wayOut: limit.reason });
  return [...promptIds];
}

function encodeConversation(
  conversation: readonly ChatMessage[],
  { tokenizer, tools, continueFinalMessage }: { tokenizer: Tokenizer; continueFinalMessage: boolean } & Pick<PromptOptions, "tools">,
): number[] {
  const last = conversation.at(-1);
  if (!continueFinalMessage) return tokenizer.encodeChat(conversation, { tools });
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
  if (imStart === undefined) return [...tokenizer.encodeChat(before, { tools }), ...tokenizer.encode(last.content)];
  // as one text with the role, as encodeChat writes turns, but without the token that ends one
  return [...tokenizer.encodeChat(before, { addGenerationPrompt: false, tools }), imStart, ...tokenizer.encode(`assistant\n${last.content}`)];
}
