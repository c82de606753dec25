import type { CompletionEvent, CompletionJob } from "./completions.ts";
import type { ToolCall } from "diffucoder";
import { snakeCase } from "./snake-case.ts";
import type { Identity } from "./identity.ts";
import type { TokenLogprob } from "./token-log.ts";

/** The two shapes of OpenAI's answers; everything else about the endpoints is the same. */
export type Endpoint = "completion" | "chat";

/** What every answer and chunk of one request carries. */
export interface AnswerHead {
  endpoint: Endpoint;
  id: string;
  /** Unix time, seconds. */
  created: number;
  model: string;
  /** Of the server. */
  identity: Identity;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  /** Ours: of the network, for this request alone; rows that shared a pass each count it. */
  forward_passes: number;
}

/** Adds up what the choices report. A prompt counts once, as in OpenAI's answers. */
export class UsageCount {
  readonly #choices: number;
  #prompt = 0;
  #completion = 0;
  #forwardPasses = 0;

  /** @param choices for each prompt */
  constructor(choices: number) {
    this.#choices = choices;
  }

  add(event: CompletionEvent): void {
    if (event.type !== "finish") return;
    if (event.index % this.#choices === 0) this.#prompt += event.promptTokens;
    this.#completion += event.completionTokens;
    this.#forwardPasses += event.forwardPasses;
  }

  get usage(): Usage {
    return {
      prompt_tokens: this.#prompt,
      completion_tokens: this.#completion,
      total_tokens: this.#prompt + this.#completion,
      forward_passes: this.#forwardPasses,
    };
  }
}

/** A choice of a whole answer. */
interface WholeChoice {
  text: string;
  finishReason: string;
  tokens: TokenLogprob[];
  calls?: readonly ToolCall[];
  holes?: readonly string[];
}

/** One whole answer. `diffusion` is our addition: what it takes to reproduce the answer, and what it cost. */
export function wholeAnswer(head: AnswerHead, { events, job }: { events: readonly CompletionEvent[]; job: CompletionJob }): object {
  const count = new UsageCount(job.choices);
  for (const event of events) count.add(event);
  const { usage } = count;
  return {
    id: head.id,
    object: head.endpoint === "chat" ? "chat.completion" : "text_completion",
    created: head.created,
    model: head.model,
    system_fingerprint: head.identity.fingerprint,
    choices: wholeChoices(events).map(({ text, finishReason, tokens, calls, holes }, index) => ({
      index,
      ...(head.endpoint === "chat" ? { message: messageOf(text, calls, `${head.id}-${index}`) } : { text }),
      logprobs: job.logprobs ? logprobsOf(head.endpoint, tokens) : null,
      finish_reason: finishReason,
      ...(holes && { holes }),
    })),
    usage,
    diffusion: { ...replayOf(head.identity, job), forward_passes: usage.forward_passes },
  };
}

/** Events of all choices, put together. */
export function wholeChoices(events: readonly CompletionEvent[]): WholeChoice[] {
  const choices: WholeChoice[] = [];
  for (const event of events) {
    const choice = (choices[event.index] ??= { text: "", finishReason: "length", tokens: [] });
    if (event.type === "text") {
      choice.text += event.text;
      choice.tokens.push(...(event.tokens ?? []));
    }
    if (event.type === "calls") choice.calls = event.calls;
    if (event.type === "finish") {
      choice.finishReason = event.finishReason;
      if (event.holes) choice.holes = event.holes;
    }
  }
  return choices;
}

function messageOf(text: string, calls: readonly ToolCall[] | undefined, id: string): object {
  const content = calls !== undefined && text === "" ? null : text;
  return { role: "assistant", content, refusal: null, ...(calls && { tool_calls: callsOf(calls, id) }) };
}

/** @param id of the choice */
function callsOf(calls: readonly ToolCall[], id: string): object[] {
  return calls.map(({ name, arguments: given }, i) => ({
    id: `call_${id}-${i}`,
    type: "function",
    function: { name, arguments: JSON.stringify(given) },
  }));
}

/** The two forms of log-probabilities. No alternatives are kept, so there are none to tell. */
function logprobsOf(endpoint: Endpoint, tokens: readonly TokenLogprob[]): object {
  if (endpoint === "chat")
    return { content: tokens.map(({ token, logprob, bytes }) => ({ token, logprob, bytes, top_logprobs: [] })), refusal: null };
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: null,
    text_offset: tokens.map(({ offset }) => offset),
  };
}

/** The stream chunk for an event; none for events that the endpoint cannot express. */
export function chunkOf(head: AnswerHead, event: CompletionEvent): object | undefined {
  if (head.endpoint === "completion" && event.type === "start") return undefined;
  const choice = {
    index: event.index,
    ...(head.endpoint === "chat" ? { delta: deltaOf(event, `${head.id}-${event.index}`) } : { text: event.type === "text" ? event.text : "" }),
    logprobs: event.type === "text" && event.tokens !== undefined ? logprobsOf(head.endpoint, event.tokens) : null,
    finish_reason: event.type === "finish" ? event.finishReason : null,
    ...(event.type === "finish" && event.holes && { holes: event.holes }),
  };
  return { ...chunkHead(head), choices: [choice] };
}

/** The last chunk when the client asked for `stream_options.include_usage`. */
export function usageChunk(head: AnswerHead, { usage, job }: { usage: Usage; job: CompletionJob }): object {
  return { ...chunkHead(head), choices: [], usage, diffusion: replayOf(head.identity, job) };
}

/** What it takes to have an answer again, with the request: a server of this identity, this seed and these settings; others are the model's defaults. */
export function replayOf({ model_hash, build, processor }: Identity, { seed, temperature, topP, maxTokens, decoding }: CompletionJob): object {
  const given = { temperature, topP, maxTokens, ...decoding };
  const settings = Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[snakeCase(name), value]])));
  return { seed, model_hash, build, processor, settings };
}

function chunkHead({ endpoint, id, created, model, identity }: AnswerHead): object {
  return { id, object: endpoint === "chat" ? "chat.completion.chunk" : "text_completion", created, model, system_fingerprint: identity.fingerprint };
}

function deltaOf(event: CompletionEvent, id: string): object {
  if (event.type === "calls") return { tool_calls: callsOf(event.calls, id).map((call, index) => ({ index, ...call })) };
  if (event.type === "start") return { role: "assistant", content: "" };
  return event.type === "text" ? { content: event.text } : {};
}
