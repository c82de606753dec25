// An evaluation whose answers workers write. The tests stay here: a worker gets what the model is asked, and nothing to test it with.
import { isDeepStrictEqual } from "node:util";
import { TooLongError } from "@diffucoder/core";
import type { DiffuCoder, LoadSettings } from "@diffucoder/engine";
import type { DrawnSample, Generate } from "@diffucoder/eval";
import { type AnswerOptions, answers, type Asked, askedOf } from "../evaluation/model-answers.ts";
import { announceRun, type QueueOptions } from "./announced-run.ts";
import type { Piece } from "./collect.ts";
import { AnswerResultSchema, readMessage } from "./messages.ts";

/** Pieces of work that are offered at once, so that workers need not wait for each other. */
export const PIECES_AT_ONCE = 32;

/** An evaluation, and where its answers are written. */
export interface AnswerQueueOptions {
  /** The queue. */
  queue: QueueOptions;
  /** The model, as workers load it. */
  coder: DiffuCoder;
  /** Its folder. */
  modelDir: string;
  /** How it was loaded. */
  load: LoadSettings;
  /** Answers of a piece of work. */
  batchSize: number;
  /** Stops it. */
  signal: AbortSignal;
  /** Gets a sentence on what a person should know. */
  onNote: (note: string) => void;
}

/** Answers by workers. */
export interface AnswerQueue {
  /** `modelAnswers`, by workers: the same answers. */
  answersBy: (options: AnswerOptions) => Generate;
  /** Takes the evaluation off the queue. */
  close: () => Promise<void>;
}

/** Announces an evaluation to the workers. @throws {UnavailableError} if another run uses the queue */
export async function openAnswerQueue({ queue, coder, modelDir, load, batchSize, signal, onNote }: AnswerQueueOptions): Promise<AnswerQueue> {
  const { adapter, ...settings } = load;
  const work = {
    task: "evaluation",
    load: { ...settings, quantize: coder.quantization ?? "none" },
    maxRows: batchSize,
    hasAdapter: adapter !== undefined,
  } as const;
  const run = await announceRun({ queue, kinds: ["rollouts"], work, modelDir, adapter, signal, onNote });
  const answersBy = (options: AnswerOptions): Generate => {
    const { decoding, traces = false } = options;
    const pieceOf = (asked: readonly Asked[], index: number): Piece<(DrawnSample | TooLongError)[]> => ({
      rows: asked.length,
      item: run.item("e", { step: run.step, index, version: 0, kind: "rollouts", body: JSON.stringify({ decoding, traces, asked }) }),
      check: async (text) => {
        const read = readMessage(AnswerResultSchema, text);
        if (read === undefined || read.answers.length !== asked.length) return { problem: "its result has another form" };
        if (!isDeepStrictEqual(read.machine, run.card.machine))
          return { problem: `it is another kind of machine (${read.machine.build}, ${read.machine.processor})` };
        const own = run.isReplayed() ? plainAnswers(await answers(coder, asked, options)) : read.answers;
        if (!isDeepStrictEqual(own, read.answers)) return { problem: "its answers are not those of the model" };
        return { value: read.answers.map((one) => ("tooLong" in one ? tooLong(one.tooLong) : one)) };
      },
    });
    return async (requests) => {
      run.step++;
      const asked = requests.map((request) => askedOf(coder, request, options));
      const starts = Array.from({ length: Math.ceil(asked.length / batchSize) }, (_, i) => i * batchSize);
      const pieces = starts.map((start, i) => pieceOf(asked.slice(start, start + batchSize), i));
      return (await run.collect(pieces)).flat();
    };
  };
  return { answersBy, close: () => run.close() };
}

/** Answers as a worker sends them. */
export function plainAnswers(drawn: readonly (DrawnSample | TooLongError)[]): unknown {
  const plain = drawn.map((one) => {
    if (!(one instanceof TooLongError)) return one;
    const { argument, message, tokens, limit } = one;
    return { tooLong: { argument, message, tokens, limit } };
  });
  return JSON.parse(JSON.stringify(plain));
}

function tooLong({ argument, message, tokens, limit }: Pick<TooLongError, "argument" | "message" | "tokens" | "limit">): TooLongError {
  const error = new TooLongError({ argument, what: "The prompt", tokens, limit, wayOut: "" });
  error.message = message; // as the worker's model put it
  return error;
}
