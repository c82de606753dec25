import { z } from "zod";
import type { Engine } from "./engine.ts";
import { maybe } from "./maybe.ts";
import { MessagesSchema, TextSchema } from "./requests.ts";

/** `/tokenize`, as vLLM has it: how many tokens a text or a conversation has, before it is asked. */
export const TokenizeRequestSchema = z
  .strictObject({
    model: maybe(z.string()),
    prompt: maybe(TextSchema),
    messages: maybe(MessagesSchema),
    return_token_strs: maybe(z.boolean()),
  })
  .refine(({ prompt, messages }) => (prompt === undefined) !== (messages === undefined), { path: ["prompt"], error: "give either this or messages" });

/** The tokens of a text as it is, or of a conversation in the chat template. */
export function tokenize({ tokenizer, config }: Pick<Engine, "tokenizer" | "config">, request: z.output<typeof TokenizeRequestSchema>): object {
  const { prompt, messages, return_token_strs: withTexts = false } = request;
  const tokens = prompt === undefined ? tokenizer.encodeChat(messages!) : tokenizer.encode(prompt);
  return {
    count: tokens.length,
    max_model_len: config.maxPositionEmbeddings,
    tokens,
    ...(withTexts && { token_strs: tokens.map((id) => tokenizer.decode([id], { skipSpecial: false })) }),
  };
}
