import type { DecodingOptions, FinishReason, GenerateOptions, GenerationEvent, Infilling, InfillOptions, ToolCall, WaitingRequest } from "diffucoder";
import { type BatchShare, shareOf } from "./admission.ts";
import { decodingOptions } from "./decoding-fields.ts";
import type { Engine } from "./engine.ts";
import { merged } from "./merged.ts";
import type { ChatCompletionRequest, CompletionRequest } from "./requests.ts";
import { StopFilter } from "./stop-filter.ts";
import { TokenLog, type TokenLogprob } from "./token-log.ts";
import { CallReader, checkTools } from "./tools.ts";

/** What is answered: text that goes on, a conversation, or a text with holes. */
type Input =
  | Pick<GenerateOptions, "prompt" | "promptIds" | "messages" | "tools" | "chatTemplate">
  | Pick<InfillOptions, "prefix" | "suffix">
  | Pick<InfillOptions, "template">;

/** What OpenAI's endpoints ask for. */
export interface CompletionJob {
  /** One for each prompt. */
  inputs: readonly Input[];
  maxTokens: number | undefined;
  temperature: number | undefined;
  topP: number | undefined;
  /** The decoding options that OpenAI's interface does not have. */
  decoding: DecodingOptions;
  /** Choice `i` is generated with `seed + i`, so that each can be reproduced alone. */
  seed: number;
  stops: readonly string[];
  /** Choices for each prompt; those of the second one follow those of the first. */
  choices: number;
  /** Whether text comes with the log-probabilities of its tokens. */
  logprobs: boolean;
}

/** Progress of a job: pieces of each choice's text in order, one `finish` per choice. */
export type CompletionEvent =
  | { type: "start"; index: number }
  | { type: "text"; index: number; text: string; tokens?: TokenLogprob[] }
  | { type: "calls"; index: number; calls: readonly ToolCall[] }
  | {
      type: "finish";
      index: number;
      finishReason: FinishReason | "tool_calls";
      promptTokens: number;
      completionTokens: number;
      forwardPasses: number;
      /** What each hole of a template was filled with. */
      holes?: readonly string[];
    };

export interface JobDefaults {
  /** The seed if the request names none. */
  randomSeed: number;
  /** Answers are cut after so many tokens. @default by the request alone */
  maxTokens?: number | undefined;
}

export function completionJob(request: CompletionRequest | ChatCompletionRequest, { randomSeed, maxTokens }: JobDefaults): CompletionJob {
  const inputs = inputsOf(request);
  const asked = "messages" in request ? (request.max_completion_tokens ?? request.max_tokens) : request.max_tokens;
  return {
    inputs,
    // what infills without saying how much gets the default hole, not the largest
    maxTokens: maxTokens === undefined || (inputs.some(isInfilling) && asked === undefined) ? asked : Math.min(asked ?? maxTokens, maxTokens),
    temperature: request.temperature,
    topP: request.top_p,
    decoding: decodingOptions(request),
    seed: request.seed ?? randomSeed,
    stops: typeof request.stop === "string" ? [request.stop] : (request.stop ?? []),
    choices: request.n,
    logprobs: request.logprobs,
  };
}

function inputsOf(request: CompletionRequest | ChatCompletionRequest): Input[] {
  if ("messages" in request) {
    const { messages, tools = [], tool_choice: choice } = request;
    return [{ messages, ...(tools.length > 0 && choice !== "none" && { tools }) }];
  }
  const { prompt = "", suffix, template } = request;
  if (template !== undefined) return [{ template }];
  const prompts = typeof prompt === "string" || typeof prompt[0] === "number" ? [prompt as string | number[]] : (prompt as string[] | number[][]);
  if (typeof suffix === "string" && suffix !== "") return prompts.map((prefix) => ({ prefix: prefix as string, suffix }));
  return prompts.map((one) => (typeof one === "string" ? { prompt: one, chatTemplate: false } : { promptIds: one }));
}

const isInfilling = (input: Input): input is InfillOptions => "suffix" in input || "template" in input;

/** A job that has been checked and tokenized. */
export interface PreparedCompletion {
  share: BatchShare;
  /**
   * Generates the choices together and yields their events as they come. Text is yielded once every position before it is committed,
   * because OpenAI's stream can only append; a choice ends early once the rest cannot change it.
   */
  run(signal: AbortSignal): AsyncGenerator<CompletionEvent>;
}

/** @throws what the model finds wrong with the request */
export function prepareCompletion(engine: Engine, job: CompletionJob): PreparedCompletion {
  for (const input of job.inputs) if ("tools" in input) checkTools(engine, input.tools ?? []);
  const choices = job.inputs.flatMap((input, at) =>
    Array.from({ length: job.choices }, (_, i) => prepareChoice(engine, { ...job, input, index: at * job.choices + i })),
  );
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
  try {
    yield* merged(choices.map((choice) => choice.start(ended)));
  } finally {
    left.abort(); // also those that nobody has begun to read
  }
}

type ChoiceJob = Omit<CompletionJob, "inputs"> & { input: Input; index: number };

function prepareChoice(engine: Engine, { input, index, ...job }: ChoiceJob): Choice {
  const { temperature, topP, decoding, seed, stops } = job;
  const options = { ...decoding, temperature, topP, seed: seed + index };
  if (isInfilling(input)) return prepareHole(engine, { ...input, ...options }, { ...job, index });
  const request = engine.prepare({ ...input, ...options, ...canvasFor(engine, { ...input, ...options }, job), earlyExit: true });
  const { toolFormat } = engine.tokenizer;
  const reader = "tools" in input && input.tools !== undefined && toolFormat !== undefined ? new CallReader(toolFormat) : undefined;
  const log = job.logprobs ? new TokenLog(engine.tokenizer) : undefined;
  return { request, start: (signal) => tellChoice(request.start(signal), { stops, index, log, reader }) };
}

/** More than the model's canvas is a larger canvas, as far as there is room; less is a cut of it, which leaves the answer as it is. */
function canvasFor(
  engine: Engine,
  options: GenerateOptions,
  { maxTokens }: Pick<CompletionJob, "maxTokens">,
): Pick<GenerateOptions, "maxTokens" | "maxNewTokens"> {
  const { maxNewTokens } = engine.generationConfig;
  if (maxTokens === undefined || maxTokens <= maxNewTokens) return { maxTokens };
  const room = engine.config.maxPositionEmbeddings - (engine.prepare(options).columns - maxNewTokens);
  return { maxNewTokens: Math.max(maxNewTokens, Math.min(maxTokens, room)) };
}

function prepareHole(engine: Engine, options: InfillOptions, { maxTokens, stops, index }: Pick<ChoiceJob, "maxTokens" | "stops" | "index">): Choice {
  const masks = maxTokens === undefined || maxTokens <= 1 ? maxTokens : Math.min(maxTokens, roomFor(engine, options));
  const request = engine.prepareInfill({ ...options, masks, length: "fixed" });
  return {
    request,
    start(signal) {
      const infilling = request.start(signal);
      infilling.catch(() => {}); // the reader of the choice gets the rejection
      return tellInfilling(infilling, { stops, index, isTemplate: options.template !== undefined, endIds: engine.endIds });
    },
  };
}

/** Masks of the largest hole that fits between prefix and suffix. */
function roomFor(engine: Engine, options: InfillOptions): number {
  const { promptTokens } = engine.prepareInfill({ ...options, masks: 1, length: "fixed" });
  return Math.max(1, engine.config.maxPositionEmbeddings - promptTokens);
}

/** The text between a prompt and a suffix, or a whole template with its holes filled. It comes in one piece. */
async function* tellInfilling(
  infilling: Promise<Infilling>,
  { stops, index, isTemplate, endIds }: { stops: readonly string[]; index: number; isTemplate: boolean; endIds: ReadonlySet<number> },
): AsyncGenerator<CompletionEvent> {
  const { text: whole, middle, holes, holeIds, promptTokens, completionTokens, forwardPasses } = await infilling;
  yield { type: "start", index };
  const filter = new StopFilter(stops);
  const text = filter.push(isTemplate ? whole : middle, { complete: true });
  if (text !== "") yield { type: "text", index, text };
  const hasEnd = holeIds.some((ids) => ids.some((id) => endIds.has(id)));
  const finishReason = filter.stopped || hasEnd || isTemplate ? "stop" : "length"; // a hole without an end is as long as it was allowed to be
  yield { type: "finish", index, finishReason, promptTokens, completionTokens, forwardPasses, ...(isTemplate && { holes }) };
}

interface Telling {
  stops: readonly string[];
  index: number;
  log: TokenLog | undefined;
  /** Of the calls, where there are tools. */
  reader: CallReader | undefined;
}

async function* tellChoice(events: AsyncIterable<GenerationEvent>, { stops, index, log, reader }: Telling): AsyncGenerator<CompletionEvent> {
  const filter = new StopFilter(stops);
  let promptTokens = 0;
  let characters = 0;
  for await (const event of events) {
    log?.note(event);
    if (event.type === "layout") {
      promptTokens = event.promptTokens;
      yield { type: "start", index };
      continue;
    }
    const committed = event.type === "reveal" ? event.committedTokens : event.generation.completionTokens;
    const piece = filter.push(event.type === "reveal" ? event.committedText : event.generation.text, { complete: event.type === "done" });
    const isOver = event.type === "done" || filter.stopped;
    const text = reader === undefined ? piece : reader.push(piece);
    characters += text.length;
    if (text !== "") yield { type: "text", index, text, ...(log && { tokens: log.upTo({ committed, characters }) }) };
    const called = isOver && reader !== undefined ? yield* tellCalls(reader, index) : false;
    if (event.type === "reveal" && filter.stopped) {
      yield {
        type: "finish",
        index,
        finishReason: called ? "tool_calls" : "stop",
        promptTokens,
        completionTokens: committed,
        forwardPasses: event.forwardPasses,
      };
      return;
    }
    if (event.type === "done") {
      const { finishReason, completionTokens, forwardPasses } = event.generation;
      yield {
        type: "finish",
        index,
        finishReason: called ? "tool_calls" : filter.stopped ? "stop" : finishReason,
        promptTokens,
        completionTokens,
        forwardPasses,
      };
    }
  }
}

/** @returns whether there were calls */
async function* tellCalls(reader: CallReader, index: number): AsyncGenerator<CompletionEvent, boolean> {
  const { text, calls } = reader.end();
  if (text !== "") yield { type: "text", index, text };
  if (calls.length > 0) yield { type: "calls", index, calls };
  return calls.length > 0;
}
