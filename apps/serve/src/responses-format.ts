// The answers of `/v1/responses`, and the items that they are made of.
import type { ToolCall } from "diffucoder";
import type { CompletionEvent, CompletionJob } from "./completions.ts";
import type { Identity } from "./identity.ts";
import { replayOf, UsageCount, wholeChoices } from "./openai-format.ts";
import type { ResponsesRequest } from "./responses-request.ts";

/** What every object of one answer carries. */
export interface ResponseHead {
  /** Without its prefix; the message has the same. */
  id: string;
  /** Unix time, seconds. */
  created: number;
  model: string;
  /** Of the server. */
  identity: Identity;
  request: ResponsesRequest;
  job: CompletionJob;
}

export type Status = "in_progress" | "completed" | "incomplete";

/** One whole answer. */
export function wholeResponse(head: ResponseHead, events: readonly CompletionEvent[]): object {
  const { text, status, calls } = outcomeOf(events);
  const count = new UsageCount(1);
  for (const event of events) count.add(event);
  const said = text === "" && calls.length > 0 ? [] : [messageItem(head, status, [textPart(text)])];
  return { ...responseOf(head, status), output: [...said, ...calls.map((call, i) => callItem(head, i, call))], ...usageOf(head, count) };
}

/** What the events of an answer come to. */
export function outcomeOf(events: readonly CompletionEvent[]): { text: string; status: Status; calls: readonly ToolCall[] } {
  const [{ text, finishReason, calls = [] }] = wholeChoices(events) as [ReturnType<typeof wholeChoices>[number]];
  return { text, calls, status: finishReason === "length" ? "incomplete" : "completed" };
}

/** An answer without its output. */
export function responseOf({ id, created, model, request, job }: ResponseHead, status: Status): object {
  return {
    id: `resp_${id}`,
    object: "response",
    created_at: created,
    status,
    error: null,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    metadata: request.metadata ?? {},
    model,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    store: false,
    temperature: job.temperature ?? null,
    text: { format: request.text?.format ?? { type: "text" } },
    tool_choice: choiceOf(request.tool_choice),
    tools: (request.tools ?? []).map(({ type, function: { strict = false, ...own } }) => ({ type, ...own, strict })),
    top_p: job.topP ?? null,
    truncation: "disabled",
    usage: null,
  };
}

function choiceOf(choice: ResponsesRequest["tool_choice"]): unknown {
  return typeof choice === "object" ? { type: "function", ...choice } : (choice ?? "auto");
}

export const textPart = (text: string): object => ({ type: "output_text", text, annotations: [], logprobs: [] });

export function messageItem({ id }: ResponseHead, status: Status, content: readonly object[]): object {
  return { id: `msg_${id}`, type: "message", status, role: "assistant", content };
}

/** A call of a function. @param given what is known of its arguments, as JSON @default all */
export function callItem(
  { id }: ResponseHead,
  index: number,
  { name, arguments: all }: ToolCall,
  { status = "completed", given = JSON.stringify(all) }: { status?: Status; given?: string } = {},
): { id: string; arguments: string } {
  const item = { type: "function_call", status, call_id: `call_${id}-${index}`, name, arguments: given };
  return { id: `fc_${id}-${index}`, ...item };
}

function usageOf({ job, identity }: ResponseHead, count: UsageCount): object {
  const { prompt_tokens, completion_tokens, total_tokens, forward_passes } = count.usage;
  return {
    usage: {
      input_tokens: prompt_tokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: completion_tokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens,
    },
    diffusion: { ...replayOf(identity, job), forward_passes },
  };
}
