import type { ChatMessage, FinishReason, GenerateOptions } from "diffucoder";
import type { Engine } from "./engine.ts";
import type { ChatCompletionRequest, CompletionRequest } from "./requests.ts";
import { StopFilter } from "./stop-filter.ts";

/** What both of OpenAI's endpoints ask for. */
export interface CompletionJob {
  input: { prompt: string } | { messages: readonly ChatMessage[] } | { prefix: string; suffix: string };
  maxTokens: number | undefined;
  temperature: number | undefined;
  topP: number | undefined;
  /** Choice `i` is generated with `seed + i`, so that each can be had again alone. */
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
 * Generates the choices one after the other. Only text whose every position up to its own is committed is handed
 * on, because OpenAI's stream can append and nothing else; a choice ends early once the rest cannot change it.
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
  for (let index = 0; index < job.choices; index++) {
    const choice = { engine, job, signal, index };
    yield* "suffix" in job.input ? runInfilling(choice, job.input) : runChoice(choice, job.input);
  }
}

interface Choice {
  engine: Engine;
  job: CompletionJob;
  signal: AbortSignal;
  index: number;
}

/** The text between a prompt and a suffix, in a hole of `maxTokens` masks. It comes as a whole. */
async function* runInfilling(
  { engine, job, signal, index }: Choice,
  { prefix, suffix }: { prefix: string; suffix: string },
): AsyncGenerator<CompletionEvent> {
  const { maxTokens: masks, temperature, topP, seed, stops } = job;
  const infilling = await engine.infill({ prefix, suffix, masks, length: "fixed", temperature, topP, seed: seed + index, signal });
  const { middle, promptTokens, completionTokens, forwardPasses } = infilling;
  yield { type: "start", index };
  const text = new StopFilter(stops).push(middle, { complete: true });
  if (text !== "") yield { type: "text", index, text };
  yield { type: "finish", index, finishReason: "stop", promptTokens, completionTokens, forwardPasses };
}

async function* runChoice(
  { engine, job, signal, index }: Choice,
  input: Pick<GenerateOptions, "prompt" | "messages">,
): AsyncGenerator<CompletionEvent> {
  const options: GenerateOptions = {
    ...input,
    maxTokens: job.maxTokens,
    temperature: job.temperature,
    topP: job.topP,
    seed: job.seed + index,
    earlyExit: true,
    signal,
  };
  const filter = new StopFilter(job.stops);
  let promptTokens = 0;
  for await (const event of engine.stream(options)) {
    if (event.type === "layout") {
      promptTokens = event.promptTokens;
      yield { type: "start", index };
      continue;
    }
    const text = filter.push(event.type === "reveal" ? event.committedText : event.generation.text, { complete: event.type === "done" });
    if (text !== "") yield { type: "text", index, text };
    if (event.type === "reveal" && filter.stopped) {
      yield {
        type: "finish",
        index,
        finishReason: "stop",
        promptTokens,
        completionTokens: event.committedTokens,
        forwardPasses: event.forwardPasses,
      };
      return;
    }
    if (event.type === "done") {
      const { finishReason, completionTokens, forwardPasses } = event.generation;
      yield { type: "finish", index, finishReason: filter.stopped ? "stop" : finishReason, promptTokens, completionTokens, forwardPasses };
    }
  }
}
