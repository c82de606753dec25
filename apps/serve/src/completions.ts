import type { ChatMessage, DecodingOptions, FinishReason, GenerationEvent, Infilling } from "diffucoder";
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

/** @param randomSeed the seed if the request names none */
export function completionJob(request: CompletionRequest | ChatCompletionRequest, { randomSeed }: { randomSeed: number }): CompletionJob {
  const chat = "messages" in request;
  return {
    input: inputOf(request),
    maxTokens: chat ? (request.max_completion_tokens ?? request.max_tokens) : request.max_tokens,
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

/**
 * Generates the choices together and yields them one after the other. Text is yielded once every position before it is committed,
 * because OpenAI's stream can only append; a choice ends early once the rest cannot change it.
 */
export async function* runCompletion({
  engine,
  job,
  signal,
}: {
  engine: Engine;
  job: CompletionJob;
  signal: AbortSignal;
}): AsyncGenerator<CompletionEvent> {
  const left = new AbortController();
  const common = { engine, job, signal: AbortSignal.any([signal, left.signal]) };
  const choices = Array.from({ length: job.choices }, (_, index) => startChoice({ ...common, index }, job.input));
  try {
    for (const choice of choices) yield* choice;
  } finally {
    left.abort(); // also those that nobody has begun to read
  }
}

interface Choice {
  engine: Engine;
  job: CompletionJob;
  signal: AbortSignal;
  index: number;
}

/** Starts a choice. */
function startChoice(choice: Choice, input: CompletionJob["input"]): AsyncGenerator<CompletionEvent> {
  const { engine, job, signal, index } = choice;
  const { maxTokens, temperature, topP } = job;
  const options = { ...job.decoding, temperature, topP, seed: job.seed + index, signal };
  if (!("suffix" in input)) return tellChoice(engine.submit({ ...input, ...options, maxTokens, earlyExit: true }), choice);
  const infilling = engine.infill({ ...input, ...options, masks: maxTokens, length: "fixed" });
  infilling.catch(() => {}); // the reader of the choice gets the rejection
  return tellInfilling(infilling, choice);
}

/** The text between a prompt and a suffix, in a hole of `maxTokens` masks. It comes in one piece. */
async function* tellInfilling(infilling: Promise<Infilling>, { job: { stops }, index }: Choice): AsyncGenerator<CompletionEvent> {
  const { middle, promptTokens, completionTokens, forwardPasses } = await infilling;
  yield { type: "start", index };
  const text = new StopFilter(stops).push(middle, { complete: true });
  if (text !== "") yield { type: "text", index, text };
  yield { type: "finish", index, finishReason: "stop", promptTokens, completionTokens, forwardPasses };
}

async function* tellChoice(events: AsyncIterable<GenerationEvent>, { job: { stops }, index }: Choice): AsyncGenerator<CompletionEvent> {
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
