import type { CompletionEvent } from "./completions.ts";

/** The two shapes of OpenAI's answers; everything else about the endpoints is the same. */
export type Endpoint = "completion" | "chat";

/** What every answer and chunk of one request carries. */
export interface AnswerHead {
  endpoint: Endpoint;
  id: string;
  /** Unix time, seconds. */
  created: number;
  model: string;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

/** Adds up what the choices report. The prompt counts once, as in OpenAI's answers. */
export class UsageCount {
  #prompt = 0;
  #completion = 0;
  #forwardPasses = 0;

  add(event: CompletionEvent): void {
    if (event.type !== "finish") return;
    this.#prompt = event.promptTokens;
    this.#completion += event.completionTokens;
    this.#forwardPasses += event.forwardPasses;
  }

  get usage(): Usage {
    return { prompt_tokens: this.#prompt, completion_tokens: this.#completion, total_tokens: this.#prompt + this.#completion };
  }

  get forwardPasses(): number {
    return this.#forwardPasses;
  }
}

/** One whole answer. `diffusion` is our addition: what it takes to reproduce the answer, and what it cost. */
export function wholeAnswer(head: AnswerHead, { events, seed }: { events: readonly CompletionEvent[]; seed: number }): object {
  const count = new UsageCount();
  const choices: { text: string; finishReason: string }[] = [];
  for (const event of events) {
    count.add(event);
    const choice = (choices[event.index] ??= { text: "", finishReason: "length" });
    if (event.type === "text") choice.text += event.text;
    if (event.type === "finish") choice.finishReason = event.finishReason;
  }
  return {
    id: head.id,
    object: head.endpoint === "chat" ? "chat.completion" : "text_completion",
    created: head.created,
    model: head.model,
    choices: choices.map(({ text, finishReason }, index) =>
      head.endpoint === "chat"
        ? { index, message: { role: "assistant", content: text, refusal: null }, logprobs: null, finish_reason: finishReason }
        : { index, text, logprobs: null, finish_reason: finishReason },
    ),
    usage: count.usage,
    diffusion: { seed, forward_passes: count.forwardPasses },
  };
}

/** The stream chunk for an event; none for events that the endpoint cannot express. */
export function chunkOf(head: AnswerHead, event: CompletionEvent): object | undefined {
  if (head.endpoint === "completion" && event.type === "start") return undefined;
  const finishReason = event.type === "finish" ? event.finishReason : null;
  const text = event.type === "text" ? event.text : "";
  const choice =
    head.endpoint === "chat"
      ? { index: event.index, delta: deltaOf(event), logprobs: null, finish_reason: finishReason }
      : { index: event.index, text, logprobs: null, finish_reason: finishReason };
  return { ...chunkHead(head), choices: [choice] };
}

/** The last chunk when the client asked for `stream_options.include_usage`. */
export function usageChunk(head: AnswerHead, usage: Usage): object {
  return { ...chunkHead(head), choices: [], usage };
}

function chunkHead({ endpoint, id, created, model }: AnswerHead): object {
  return { id, object: endpoint === "chat" ? "chat.completion.chunk" : "text_completion", created, model };
}

function deltaOf(event: CompletionEvent): object {
  if (event.type === "start") return { role: "assistant", content: "" };
  return event.type === "text" ? { content: event.text } : {};
}
