// The answers of `/v1/responses`, whole and as OpenAI's events of a stream.
import { message } from "./event-stream.ts";
import type { CompletionEvent, CompletionJob } from "./completions.ts";
import type { Identity } from "./identity.ts";
import { replayOf, UsageCount, wholeChoices } from "./openai-format.ts";
import type { ApiError } from "./api-error.ts";
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

type Status = "in_progress" | "completed" | "incomplete";

/** One whole answer. */
export function wholeResponse(head: ResponseHead, events: readonly CompletionEvent[]): object {
  const [{ text, finishReason }] = wholeChoices(events) as [ReturnType<typeof wholeChoices>[number]];
  const status = finishReason === "length" ? "incomplete" : "completed";
  const count = new UsageCount(1);
  for (const event of events) count.add(event);
  return { ...responseOf(head, status), output: [itemOf(head, status, [textPart(text)])], ...usageOf(head, count) };
}

function responseOf({ id, created, model, request, job }: ResponseHead, status: Status): object {
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
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: job.topP ?? null,
    truncation: "disabled",
    usage: null,
  };
}

const textPart = (text: string): object => ({ type: "output_text", text, annotations: [], logprobs: [] });

function itemOf({ id }: ResponseHead, status: Status, content: readonly object[]): object {
  return { id: `msg_${id}`, type: "message", status, role: "assistant", content };
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

/** The messages of a stream. */
export async function* responseMessages(
  head: ResponseHead,
  { events, report }: { events: AsyncGenerator<CompletionEvent>; report: (error: unknown) => ApiError },
): AsyncGenerator<string> {
  let sequence = 0;
  const tell = (type: string, fields: object): string => message({ type, sequence_number: sequence++, ...fields }, { event: type });
  const place = { item_id: `msg_${head.id}`, output_index: 0, content_index: 0 };
  const all: CompletionEvent[] = [];
  try {
    yield tell("response.created", { response: responseOf(head, "in_progress") });
    yield tell("response.in_progress", { response: responseOf(head, "in_progress") });
    yield tell("response.output_item.added", { output_index: 0, item: itemOf(head, "in_progress", []) });
    yield tell("response.content_part.added", { ...place, part: textPart("") });
    for await (const event of events) {
      all.push(event);
      if (event.type === "text") yield tell("response.output_text.delta", { ...place, delta: event.text, logprobs: [] });
    }
    const [{ text, finishReason }] = wholeChoices(all) as [ReturnType<typeof wholeChoices>[number]];
    const status = finishReason === "length" ? "incomplete" : "completed";
    yield tell("response.output_text.done", { ...place, text, logprobs: [] });
    yield tell("response.content_part.done", { ...place, part: textPart(text) });
    yield tell("response.output_item.done", { output_index: 0, item: itemOf(head, status, [textPart(text)]) });
    yield tell(`response.${status}`, { response: wholeResponse(head, all) });
  } catch (error) {
    const { message: problem, code, param } = report(error).body.error;
    yield tell("error", { code, message: problem, param });
  }
}
