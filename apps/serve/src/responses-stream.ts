// The answers of `/v1/responses` as OpenAI's events of a stream: the text as it is settled, calls of functions at the end.
import type { ToolCall } from "diffucoder";
import type { ApiError } from "./api-error.ts";
import type { CompletionEvent } from "./completions.ts";
import { message } from "./event-stream.ts";
import { callItem, messageItem, outcomeOf, type ResponseHead, responseOf, type Status, textPart, wholeResponse } from "./responses-format.ts";

/** Makes a message of an event. */
type Tell = (type: string, fields: object) => string;

/** The messages of a stream. */
export async function* responseMessages(
  head: ResponseHead,
  { events, report }: { events: AsyncGenerator<CompletionEvent>; report: (error: unknown) => ApiError },
): AsyncGenerator<string> {
  let sequence = 0;
  const tell: Tell = (type, fields) => message({ type, sequence_number: sequence++, ...fields }, { event: type });
  const text = new MessageItem(head, tell);
  const all: CompletionEvent[] = [];
  try {
    yield tell("response.created", { response: responseOf(head, "in_progress") });
    yield tell("response.in_progress", { response: responseOf(head, "in_progress") });
    for await (const event of events) {
      all.push(event);
      if (event.type === "text") yield* text.delta(event.text);
    }
    const { text: said, status, calls } = outcomeOf(all);
    if (said !== "" || calls.length === 0) yield* text.end(said, status);
    for (const [i, call] of calls.entries()) yield* callMessages(head, { tell, call, index: i, outputIndex: i + (said === "" ? 0 : 1) });
    yield tell(`response.${status}`, { response: wholeResponse(head, all) });
  } catch (error) {
    const { message: problem, code, param } = report(error).body.error;
    yield tell("error", { code, message: problem, param });
  }
}

/** The answer's text, which is there once it begins, or once it is sure to be empty. */
class MessageItem {
  readonly #head: ResponseHead;
  readonly #tell: Tell;
  #isOpen = false;

  constructor(head: ResponseHead, tell: Tell) {
    this.#head = head;
    this.#tell = tell;
  }

  *delta(delta: string): Generator<string> {
    yield* this.#open();
    yield this.#tell("response.output_text.delta", { ...this.#place, delta, logprobs: [] });
  }

  *end(text: string, status: Status): Generator<string> {
    yield* this.#open();
    yield this.#tell("response.output_text.done", { ...this.#place, text, logprobs: [] });
    yield this.#tell("response.content_part.done", { ...this.#place, part: textPart(text) });
    yield this.#tell("response.output_item.done", { output_index: 0, item: messageItem(this.#head, status, [textPart(text)]) });
  }

  get #place(): object {
    return { item_id: `msg_${this.#head.id}`, output_index: 0, content_index: 0 };
  }

  *#open(): Generator<string> {
    if (this.#isOpen) return;
    this.#isOpen = true;
    yield this.#tell("response.output_item.added", { output_index: 0, item: messageItem(this.#head, "in_progress", []) });
    yield this.#tell("response.content_part.added", { ...this.#place, part: textPart("") });
  }
}

function* callMessages(
  head: ResponseHead,
  { tell, call, index, outputIndex }: { tell: Tell; call: ToolCall; index: number; outputIndex: number },
): Generator<string> {
  const item = callItem(head, index, call);
  const place = { item_id: item.id, output_index: outputIndex };
  yield tell("response.output_item.added", { output_index: outputIndex, item: callItem(head, index, call, { status: "in_progress", given: "" }) });
  yield tell("response.function_call_arguments.delta", { ...place, delta: item.arguments });
  yield tell("response.function_call_arguments.done", { ...place, name: call.name, arguments: item.arguments });
  yield tell("response.output_item.done", { output_index: outputIndex, item });
}
