// A line of a person's own data, documented in docs/training-data.md: a text, a prompt and its response, or a task.
import { valueProblem } from "@diffucoder/core";
import type { ChatMessage } from "@diffucoder/tokenizer";
import { z } from "zod";
import { readTaskLine, type TaskLine } from "../task-line.ts";

/** Text to learn from as it is. */
export interface TextRecord {
  /** Tells it from the others. */
  readonly kind: "text";
  /** The text. */
  readonly text: string;
}

/** A prompt and the response to it. */
export interface PairRecord {
  /** Tells it from the others. */
  readonly kind: "pair";
  /** The conversation up to the response; a prompt alone is a user's only message. */
  readonly messages: readonly ChatMessage[];
  /** What the model should answer. */
  readonly response: string;
}

/** A task, as docs/task-format.md has it. */
export interface TaskRecord {
  /** Tells it from the others. */
  readonly kind: "task";
  /** The line. */
  readonly task: TaskLine;
}

/** What a line says. */
export type DataRecord = TextRecord | PairRecord | TaskRecord;

const filled = z.string().refine((text) => text.trim() !== "", { error: "must not be blank" });
const message = z.strictObject({ role: z.enum(["system", "user", "assistant"]), content: z.string() });
const common = { id: z.union([z.string(), z.number()]).optional(), metadata: z.record(z.string(), z.unknown()).optional() };
const TextLine = z.strictObject({ text: filled, ...common });
const PairLine = z.strictObject({
  prompt: z.union([filled, z.array(message).min(1)], { error: "must be a text or a list of messages" }),
  response: filled,
  ...common,
});
const Conversation = z.strictObject({
  messages: z
    .array(message)
    .min(2)
    .refine((messages) => messages.at(-1)?.role === "assistant" && messages.at(-1)?.content.trim() !== "", {
      error: "must end with the assistant's response",
    }),
  ...common,
});

const TASK_KEYS = ["tests", "asserts", "stdin", "hidden_tests"];

/** Reads a line. @returns why it cannot be used, if it cannot */
export function readDataLine(text: string, line: number): DataRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `not JSON (${(error as Error).message})`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "not a JSON object";
  if ("text" in value) return parsed(TextLine, value, ({ text: own }) => ({ kind: "text", text: own }));
  if ("response" in value) return parsed(PairLine, value, ({ prompt, response }) => ({ kind: "pair", messages: conversationOf(prompt), response }));
  if ("messages" in value)
    return parsed(Conversation, value, ({ messages }) => ({ kind: "pair", messages: messages.slice(0, -1), response: messages.at(-1)!.content }));
  if (!TASK_KEYS.some((key) => key in value)) return "must have text, prompt and response, messages, or the tests of a task";
  const task = readTaskLine(text, line);
  return typeof task === "string" ? task : { kind: "task", task };
}

function parsed<S extends z.ZodType>(schema: S, value: unknown, make: (line: z.output<S>) => DataRecord): DataRecord | string {
  const result = schema.safeParse(value, { error: valueProblem });
  return result.success ? make(result.data) : result.error.issues.map(({ path, message: reason }) => [...path, reason].join(": ")).join("; ");
}

const conversationOf = (prompt: string | ChatMessage[]): ChatMessage[] => (typeof prompt === "string" ? [{ role: "user", content: prompt }] : prompt);
