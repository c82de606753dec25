// Calls of functions in a conversation: how templates are given them, and how an answer's are read.
import { InvalidArgumentError } from "@diffucoder/core";

/** A function that the assistant may call, as OpenAI and Hugging Face's templates describe it. */
export interface ToolDefinition {
  /** Only functions there are. */
  type: "function";
  /** The function. */
  function: {
    /** What it is called by. */
    name: string;
    /** What it does. */
    description?: string | undefined;
    /** JSON schema of its arguments. */
    parameters?: Readonly<Record<string, unknown>> | undefined;
    /** Whether arguments must fit the schema; nothing here holds them to it. */
    strict?: boolean | null | undefined;
  };
}

/** A call that the assistant makes. */
export interface ToolCall {
  /** By which its result is given back. @default none: templates tell results by their order */
  id?: string | undefined;
  /** Of the function. */
  name: string;
  /** By name. */
  arguments: Readonly<Record<string, unknown>>;
}

/** How a template has its model write calls; `"hermes"`: JSON of name and arguments between `<tool_call>` and `</tool_call>`, as Qwen and Hermes do. */
export type ToolFormat = "hermes";

/** Where calls begin in an answer. */
export const TOOL_CALL_MARK: Readonly<Record<ToolFormat, string>> = { hermes: "<tool_call>" };

/** The form in which a template asks for calls; `undefined` if it takes no tools, or has them written in a form that is not read here. */
export function toolFormatOf(chatTemplate: string): ToolFormat | undefined {
  return /\btools\b/.test(chatTemplate) && /<tool_call>\\n\{/.test(chatTemplate) ? "hermes" : undefined;
}

/** An answer's text and its calls. */
export interface AnswerWithCalls {
  /** What stands around the calls, without the blank lines between. */
  content: string;
  /** In the order in which they were written. */
  calls: ToolCall[];
}

/** Reads the calls of an answer. What looks like one and is not JSON of a name and arguments stays text. */
export function parseToolCalls(answer: string): AnswerWithCalls {
  const calls: ToolCall[] = [];
  const content = answer.replaceAll(/<tool_call>\s*([\s\S]*?)\s*(?:<\/tool_call>|$)/g, (whole, text: string) => {
    const call = callOf(text);
    if (call === undefined) return whole;
    calls.push(call);
    return "";
  });
  return { content: calls.length === 0 ? answer : content.trim(), calls };
}

function callOf(text: string): ToolCall | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { name, arguments: given } = (data ?? {}) as { name?: unknown; arguments?: unknown };
  const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
  return typeof name === "string" && isObject ? { name, arguments: given as Record<string, unknown> } : undefined;
}

/** A message as templates read it: names as Hugging Face has them. */
export function templateMessage({
  toolCalls,
  toolCallId,
  ...message
}: {
  toolCalls?: readonly ToolCall[] | undefined;
  toolCallId?: string | undefined;
}): object {
  return {
    ...message,
    ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
    ...(toolCalls && {
      tool_calls: toolCalls.map(({ id, name, arguments: given }) => ({ id, type: "function", function: { name, arguments: given } })),
    }),
  };
}

/** @throws {InvalidArgumentError} if ChatML is written without a template, which has no place for calls */
export function refuseTools(messages: readonly { role: string; toolCalls?: unknown }[], tools: unknown): void {
  const at = messages.findIndex(({ role, toolCalls }) => role === "tool" || toolCalls !== undefined);
  if (tools === undefined && at < 0) return;
  const argument = tools === undefined ? `messages[${at}]` : "tools";
  throw new InvalidArgumentError({ argument, value: tools ?? messages[at], expected: "absent: the model has no chat template that takes tools" });
}
