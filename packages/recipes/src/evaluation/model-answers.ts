// A model as a function that answers requests: conversations by `generate`, holes by `infill`. The requests of a batch overlap, so the
// model decodes their rows together; each gets what it would get alone.
import { TooLongError } from "@diffucoder/core";
import type { DiffuCoder, Generation, GenerateOptions } from "@diffucoder/engine";
import type { DrawnSample, Generate, SampleRequest } from "@diffucoder/eval";
import { revealOrder, type RevealOrder } from "@diffucoder/report";
import { promptMessages, type PromptTemplateName, type Task } from "@diffucoder/tasks";
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

/** @returns what `drawSamples` calls; a task for which the model has no room is answered by its `TooLongError` */
export function modelAnswers(coder: DiffuCoder, options: AnswerOptions): Generate {
  return (requests) =>
    Promise.all(
      requests.map((request) =>
        answer(coder, request, options).catch((error: unknown) => {
          if (error instanceof TooLongError) return error;
          throw error;
        }),
      ),
    );
}

async function answer(coder: DiffuCoder, { task, sampleIndex, seed }: SampleRequest, options: AnswerOptions): Promise<DrawnSample> {
  const { decoding, masks, signal, reveals, traces = false } = options;
  if (task.prompt.kind === "hole") {
    const { prefix, suffix } = task.prompt;
    const { maxNewTokens: _, ...infilling } = decoding;
    const count = masks === "oracle" ? Math.max(1, coder.tokenizer.encode(task.solution ?? "").length) : masks;
    const { middle, forwardPasses, completionTokens, trace } = await coder.infill({ ...infilling, seed, signal, prefix, suffix, masks: count });
    return { text: middle, cost: { forwardPasses, tokens: completionTokens }, ...(traces && { trace }) };
  }
  const messages = promptMessages(task, options.templateOf(task));
  const continueFinalMessage = messages.at(-1)?.role === "assistant";
  const generation = await coder.generate({ ...decoding, seed, signal, messages, continueFinalMessage });
  const { text, forwardPasses, completionTokens, finishReason } = generation;
  const cost = { forwardPasses, tokens: completionTokens + (finishReason === "stop" ? 1 : 0) };
  if (traces) return { text, cost, trace: generation.trace };
  return { text, cost, ...(sampleIndex === 0 && reveals.has(task.id) && { trace: shownOrder(coder, generation) }) };
}

/** The reveal order of an answer's text. */
function shownOrder(coder: DiffuCoder, { tokenIds, trace }: Generation): RevealOrder {
  const end = tokenIds.findIndex((id) => coder.endIds.has(id));
  const tokens = (end === -1 ? tokenIds : tokenIds.slice(0, end)).map((id) => coder.tokenizer.decode([id]));
  return revealOrder({ trace: trace.steps, tokens, firstPosition: trace.initialIds.length - tokenIds.length });
}
