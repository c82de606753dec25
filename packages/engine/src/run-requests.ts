// The calls of a loaded model: one request or many, checked before any of them waits.
import { AbortedError, DiffuCoderError } from "@diffucoder/core";
import type { Decoder } from "@diffucoder/samplers";
import type { DecodeLoops } from "./decode-loops.ts";
import type { DiffuCoder } from "./diffucoder.ts";
import type { Generation, InfillLayout } from "./events.ts";
import type { ModelFolder } from "./folder/model-folder.ts";
import { finished, prepareGeneration, promptColumns, startGeneration } from "./generation.ts";
import { type Infilling, prepareInfilling, runInfilling } from "./infill.ts";
import { type RequestSize, requestSizes } from "./request-size.ts";
import type { GenerateOptions } from "./requests/generate-options.ts";
import type { InfillOptions } from "./requests/infill-options.ts";

type Requests = Pick<DiffuCoder, "generate" | "stream" | "submit" | "chat" | "infill" | "prepare" | "prepareInfill">;

/** A request that has been checked and tokenized, and waits for whoever starts it. */
export interface WaitingRequest<Result> extends RequestSize {
  /** Compiles its constraint, if it has one, without putting it into the batch. @throws what is wrong with the constraint */
  ready(): Promise<void>;
  /** Puts it into the batch, or behind those that wait there. @param signal ends it @throws {UnavailableError} if the model is closing */
  start(signal?: AbortSignal): Result;
}

/** A text with holes that has been checked and tokenized, likewise. */
export interface WaitingInfilling extends WaitingRequest<Promise<Infilling>> {
  /** The text before the first pass, and how its holes will be filled. */
  layout: InfillLayout;
}

export function requestsOf(model: ModelFolder, loops: DecodeLoops): Requests {
  const sizeOf = requestSizes(model);
  const submit: Requests["submit"] = (options) => startGeneration(prepareGeneration(model, options), { model, loops, signal: options.signal });
  const generate = oneOrMany<GenerateOptions, Generation>((options) => {
    const prepared = prepareGeneration(model, options);
    return (signal) => finished(startGeneration(prepared, { model, loops, signal }), options.onStep);
  });
  const infill = oneOrMany<InfillOptions, Infilling>((options) => {
    const prepared = prepareInfilling(model, options);
    return (signal) => runInfilling(prepared, { model, loops, signal, onStep: options.onStep });
  });
  return {
    generate,
    submit,
    prepare(options) {
      const prepared = prepareGeneration(model, options);
      const { settings, promptIds } = prepared;
      const size = sizeOf({ settings, promptTokens: promptIds.length, columns: promptColumns(prepared, model) + settings.maxNewTokens });
      return { ...size, ready: readyOf(settings), start: (signal) => startGeneration(prepared, { model, loops, signal }) };
    },
    prepareInfill(options) {
      const prepared = prepareInfilling(model, options);
      const { settings, row, layout } = prepared;
      const given = layout.promptTokens;
      const holes = row.reduce((sum, segment) => sum + ("masks" in segment ? segment.masks : 0), 0);
      const size = sizeOf({ settings, promptTokens: given, columns: given + holes + settings.growth });
      return {
        ...size,
        layout,
        ready: readyOf(settings),
        start: (signal) => runInfilling(prepared, { model, loops, signal, onStep: options.onStep }),
      };
    },
    async *stream(options) {
      yield* submit(options);
    },
    chat: (messages, options = {}) => generate({ ...options, messages }),
    infill,
  };
}

function readyOf({ decoder }: { decoder: Decoder }): () => Promise<void> {
  return async () => decoder.prepare?.();
}

interface OneOrMany<Request, Result> {
  (request: Request): Promise<Result>;
  (requests: readonly Request[]): Promise<Result[]>;
}

/** @param prepare checks a request, and gives what runs it */
function oneOrMany<Request extends { signal?: AbortSignal | undefined }, Result>(
  prepare: (request: Request) => (signal: AbortSignal | undefined) => Promise<Result>,
): OneOrMany<Request, Result> {
  async function run(request: Request): Promise<Result>;
  async function run(requests: readonly Request[]): Promise<Result[]>;
  async function run(given: Request | readonly Request[]): Promise<Result | Result[]> {
    if (!isMany(given)) return prepare(given)(given.signal);
    const prepared = given.map((request, i) => numbered(i, () => prepare(request)));
    const failed = new AbortController();
    const runs = prepared.map((start, i) => start(either(given[i]!.signal, failed.signal)));
    try {
      return await Promise.all(runs);
    } catch (error) {
      failed.abort();
      await Promise.allSettled(runs);
      throw error;
    }
  }
  return run;
}

function isMany<Request>(given: Request | readonly Request[]): given is readonly Request[] {
  return Array.isArray(given);
}

function either(signal: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return signal === undefined ? other : AbortSignal.any([signal, other]);
}

/** Errors of one request among many say which it is. */
function numbered<T>(i: number, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof DiffuCoderError && !(error instanceof AbortedError)) error.message = `Request ${i}: ${error.message}`;
    throw error;
  }
}
