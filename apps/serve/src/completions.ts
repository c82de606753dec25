import type { ChatMessage, DecodingOptions, FinishReason, GenerationEvent, Infilling, WaitingRequest } from "diffucoder";
import { type BatchShare, shareOf } from "./admission.ts";
import { decodingOptions } from "./decoding-fields.ts";
import type { Engine } from "./engine.ts";
import type { ChatCompletionRequest, CompletionRequest } from "./requests.ts";
import { StopFilter } from "./stop-filter.ts";

/** What both of OpenAI's endpoints ask for. */
export interface CompletionJob {
  input: { prompt: string } | { messages: readonly ChatMessage[] } | { prefix: string; suffix: string };
  maxTokens: number | undefined;
  temperature: number | undefined;
  topP: number | undefined;
  /** The decoding options that OpenAI's interface does not have. */
  decoding: DecodingOptions;
  /** Choice `i` is generated with `seed + i`, so that each can be reproduced alone. */
  seed: number;
  stops: readonly string[];
  choices: number;
}

/** Progress of a job: pieces of text in order, one `finish` per choice. */
export type CompletionEvent =
  | { type: "start"; index: number }
  | { type: "text"; index: number; text: string }
  | { type: "finish"; index: number; finishReason: FinishReason; promptTokens: number; completionTokens: number; forwardPasses: number };

export interface JobDefaults {
  /** The seed if the request names none. */
  randomSeed: number;
  /** Answers are cut after so many tokens. @default by the request alone */
  maxTokens?: number | undefined;
}

export function completionJob(request: CompletionRequest | ChatCompletionRequest, { randomSeed, maxTokens }: JobDefaults): CompletionJob {
  const input = inputOf(request);
  const chat = "messages" in request;
  const asked = chat ? (request.max_completion_tokens ?? request.max_tokens) : request.max_tokens;
  return {
    input,
    // what infills without saying how much gets the default hole, not the largest
    maxTokens: maxTokens === undefined || ("suffix" in input && asked === undefined) ? asked : Math.min(asked ?? maxTokens, maxTokens),
    temperature: request.temperature,
    topP: request.top_p,
    decoding: decodingOptions(request),
    seed: request.seed ?? randomSeed,
    stops: typeof request.stop === "string" ? [request.stop] : (request.stop ?? []),
    choices: request.n,
  };
}

function inputOf(request: CompletionRequest | ChatCompletionRequest): CompletionJob["input"] {
  if ("messages" in request) return { messages: request.messages.map(({ role, content }) => ({ role, content })) };
  const { prompt, suffix } = request;
  return suffix === undefined || suffix === null ? { prompt } : { prefix: prompt, suffix };
}

/** A job that has been checked and tokenized. */
export interface PreparedCompletion {
  share: BatchShare;
  /**
   * Generates the choices together and yields them one after the other. Text is yielded once every position before it is committed,
   * because OpenAI's stream can only append; a choice ends early once the rest cannot change it.
   */
  run(signal: AbortSignal): AsyncGenerator<CompletionEvent>;
}

/** @throws what the model finds wrong with the request */
export function prepareCompletion(engine: Engine, job: CompletionJob): PreparedCompletion {
  const choices = Array.from({ length: job.choices }, (_, index) => prepareChoice(engine, job, index));
  return { share: shareOf(choices.map(({ request }) => request)), run: (signal) => tellAll(choices, signal) };
}

/** A choice of a job. */
interface Choice {
  request: WaitingRequest<unknown>;
  start(signal: AbortSignal): AsyncGenerator<CompletionEvent>;
}

async function* tellAll(choices: readonly Choice[], signal: AbortSignal): AsyncGenerator<CompletionEvent> {
  const left = new AbortController();
  const ended = AbortSignal.any([signal, left.signal]);
  const started = choices.map((choice) => choice.start(ended));
  try {
    for (const events of started) yield* events;
  } finally {
    left.abort(); // also those that nobody has begun to read
  }
}

function prepareChoice(engine: Engine, job: CompletionJob, index: number): Choice {
  const { input, maxTokens, temperature, topP, decoding, seed, stops } = job;
  const options = { ...decoding, temperature, topP, seed: seed + index };
  if (!("suffix" in input)) {
    const request = engine.prepare({ ...input, ...options, maxTokens, earlyExit: true });
    return { request, start: (signal) => tellChoice(request.start(signal), { stops, index }) };
  }
  const request = engine.prepareInfill({ ...input, ...options, masks: maxTokens, length: "fixed" });
  return {
    request,
    start(signal) {
      const infilling = request.start(signal);
      infilling.catch(() => {}); // the reader of the choice gets the rejection
      return tellInfilling(infilling, { stops, index });
    },
  };
}

interface Telling {
  stops: readonly string[];
  index: number;
}

/** The text between a prompt and a suffix, in a hole of `maxTokens` masks. It comes in one piece. */
async function* tellInfilling(infilling: Promise<Infilling>, { stops, index }: Telling): AsyncGenerator<CompletionEvent> {
  const { middle, promptTokens, completionTokens, forwardPasses } = await infilling;
  yield { type: "start", index };
  const text = new StopFilter(stops).push(middle, { complete: true });
  if (text !== "") yield { type: "text", index, text };
  yield { type: "finish", index, finishReason: "stop", promptTokens, completionTokens, forwardPasses };
}

async function* tellChoice(events: AsyncIterable<GenerationEvent>, { stops, index }: Telling): AsyncGenerator<CompletionEvent> {
  const filter = new StopFilter(stops);
  let promptTokens = 0;
  for await (const event of events) {
    if (event.type === "layout") {
      promptTokens = event.promptTokens;
      yield { type: "start", index };
      continue;
    }
    const text = filter.push(event.type === "reveal" ? event.committedText : event.generation.text, { complete: event.type === "done" });
    if (text !== "") yield { type: "text", index, text };
    if (event.type === "reveal" && filter.stopped) {
      const { committedTokens: completionTokens, forwardPasses } = event;
      yield { type: "finish", index, finishReason: "stop", promptTokens, completionTokens, forwardPasses };
      return;
    }
    if (event.type === "done") {
      const { finishReason, completionTokens, forwardPasses } = event.generation;
      yield { type: "finish", index, finishReason: filter.stopped ? "stop" : finishReason, promptTokens, completionTokens, forwardPasses };
    }
  }
}
