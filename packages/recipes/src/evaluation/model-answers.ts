// A model as a function that answers requests: conversations by `generate`, holes by `infill`. The requests of a batch overlap, so the
// model decodes their rows together; each gets what it would get alone.
import { TooLongError } from "@diffucoder/core";
import type { DiffuCoder, Generation, GenerateOptions } from "@diffucoder/engine";
import type { DrawnSample, Generate, SampleRequest } from "@diffucoder/eval";
import { revealOrder, type RevealOrder } from "@diffucoder/report";
import { promptMessages, type PromptTemplateName, type Task } from "@diffucoder/tasks";
import type { ChatMessage } from "@diffucoder/tokenizer";
import type { EvaluationSettings } from "./evaluation-settings.ts";

/** The decoding options of one temperature. */
export type Decoding = Omit<GenerateOptions, "prompt" | "messages" | "chatTemplate" | "continueFinalMessage" | "seed" | "signal" | "onStep">;

/** How a model is asked. */
export interface AnswerOptions {
  /** Template of a task. */
  templateOf: (task: Task) => PromptTemplateName;
  /** How it decodes. */
  decoding: Decoding;
  /** Masks of a hole. */
  masks: EvaluationSettings["masks"];
  /** Tasks whose first sample records the order in which it was revealed. */
  reveals: ReadonlySet<string>;
  /** Every answer has its whole `DenoiseTrace` instead. @default false */
  traces?: boolean | undefined;
  /** Stops it. */
  signal: AbortSignal;
}

/** What a model is asked: it says nothing of the task's tests. */
export interface Asked {
  /** Of this answer alone. */
  seed: number;
  /** Whether the answer records the order in which it was revealed. */
  isShown: boolean;
  /** A conversation to go on with, or a hole to fill. */
  prompt:
    | { kind: "messages"; messages: readonly ChatMessage[]; continueFinalMessage: boolean }
    | { kind: "hole"; prefix: string; suffix: string; masks: number };
}

/** How it answers. */
export type AnswerSettings = Pick<AnswerOptions, "decoding" | "traces" | "signal">;

/** @returns what `drawSamples` calls; a task for which the model has no room is answered by its `TooLongError` */
export function modelAnswers(coder: DiffuCoder, options: AnswerOptions): Generate {
  return (requests) =>
    answers(
      coder,
      requests.map((request) => askedOf(coder, request, options)),
      options,
    );
}

/** What a request asks. */
export function askedOf({ tokenizer }: Pick<DiffuCoder, "tokenizer">, { task, sampleIndex, seed }: SampleRequest, options: AnswerOptions): Asked {
  const isShown = sampleIndex === 0 && options.reveals.has(task.id);
  if (task.prompt.kind === "hole") {
    const { prefix, suffix } = task.prompt;
    const masks = options.masks === "oracle" ? Math.max(1, tokenizer.encode(task.solution ?? "").length) : options.masks;
    return { seed, isShown: false, prompt: { kind: "hole", prefix, suffix, masks } };
  }
  const messages = promptMessages(task, options.templateOf(task));
  return { seed, isShown, prompt: { kind: "messages", messages, continueFinalMessage: messages.at(-1)?.role === "assistant" } };
}

/** The model's answers, which are decoded together. */
export function answers(coder: DiffuCoder, asked: readonly Asked[], settings: AnswerSettings): Promise<(DrawnSample | TooLongError)[]> {
  return Promise.all(
    asked.map((one) =>
      answer(coder, one, settings).catch((error: unknown) => {
        if (error instanceof TooLongError) return error;
        throw error;
      }),
    ),
  );
}

async function answer(
  coder: DiffuCoder,
  { seed, isShown, prompt }: Asked,
  { decoding, signal, traces = false }: AnswerSettings,
): Promise<DrawnSample> {
  if (prompt.kind === "hole") {
    const { maxNewTokens: _, ...infilling } = decoding;
    const { prefix, suffix, masks } = prompt;
    const { middle, forwardPasses, completionTokens, trace } = await coder.infill({ ...infilling, seed, signal, prefix, suffix, masks });
    return { text: middle, cost: { forwardPasses, tokens: completionTokens }, ...(traces && { trace }) };
  }
  const { messages, continueFinalMessage } = prompt;
  const generation = await coder.generate({ ...decoding, seed, signal, messages, continueFinalMessage });
  const { text, forwardPasses, completionTokens, finishReason } = generation;
  const cost = { forwardPasses, tokens: completionTokens + (finishReason === "stop" ? 1 : 0) };
  if (traces) return { text, cost, trace: generation.trace };
  return { text, cost, ...(isShown && { trace: shownOrder(coder, generation) }) };
}

/** The reveal order of an answer's text. */
function shownOrder(coder: DiffuCoder, { tokenIds, trace }: Generation): RevealOrder {
  const end = tokenIds.findIndex((id) => coder.endIds.has(id));
  const tokens = (end === -1 ? tokenIds : tokenIds.slice(0, end)).map((id) => coder.tokenizer.decode([id]));
  return revealOrder({ trace: trace.steps, tokens, firstPosition: trace.initialIds.length - tokenIds.length });
}
