// A fixed set of rows, decoded together to the end at the pace of the reader.
import { AbortedError, type Random } from "@diffucoder/core";
import type { Canvas } from "./canvas.ts";
import { checkCanvas, checkIds, checkRun } from "./checked-run.ts";
import type { Decoder } from "./decoders/decoder.ts";
import type { Denoiser } from "./denoiser.ts";
import type { RowEvent, StepEvent } from "./events.ts";
import { RowBatch } from "./row-batch.ts";
import { rowStreams } from "./row-random.ts";
import type { StopStrings } from "./stop-strings.ts";

/** Settings of a run that do not depend on how its rows came about. */
export interface RunOptions {
  /** The model. */
  denoiser: Denoiser;
  /** Which tokens are committed when. */
  decoder: Decoder;
  /**
   * One stream for each row, or one from which they are split by row. Not read at temperature 0, unless the decoder chooses
   * positions at random.
   */
  random?: Random | readonly Random[] | undefined;
  /** Id of the token that stands on padding and behind the end of an answer. */
  padTokenId: number;
  /** Tokens that end a completion: masks behind the first one become padding. @default none, as in Dream */
  eosTokenIds?: readonly number[] | undefined;
  /** Texts that end a completion, likewise. */
  stop?: StopStrings | undefined;
  /**
   * Dream's `generation_tokens_hook_func`: called before the first step (`null`) and after each one with a row's tokens,
   * which it may change in place.
   */
  tokensHook?: ((step: number | null, ids: Int32Array, row: number) => void) | undefined;
  /** Events also include what was proposed and not committed; `"first"`: those of the first pass alone. @default false */
  provisional?: boolean | "first" | undefined;
  /** Stops the run at its next step, with an `AbortedError`. */
  signal?: AbortSignal | undefined;
}

/**
 * Decodes canvases of any lengths together, step by step. The canvases change in place. The first row that fails ends the run;
 * in a loop of `createDecodeLoop` it would end alone.
 *
 * @throws {InvalidArgumentError} if a canvas is longer than the denoiser can take, an id is not one of the vocabulary, or the
 *   denoiser's answer is not what `Proposals` says
 * @throws {NumericalError} if the model's logits are not numbers
 * @throws {AbortedError} when stopped, at the next step
 */
export async function* decodeCanvases(canvases: readonly Canvas[], options: RunOptions): AsyncGenerator<StepEvent> {
  const { denoiser, padTokenId, tokensHook, signal, random, ...each } = options;
  checkRun(options);
  checkIds(options);
  canvases.forEach((canvas, row) => checkCanvas(canvas, { denoiser, idsName: `canvases[${row}].ids`, lengthName: `promptIds[${row}]` }));
  await options.decoder.prepare?.();
  const streams = rowStreams(random, canvases.length);
  const batch = new RowBatch({ denoiser, padTokenId, maxRows: canvases.length, fixedRows: true });
  let events: RowEvent[] = [];
  const failures: unknown[] = [];
  const sink = { event: (event: RowEvent) => void events.push(event), done: () => {}, fail: (error: unknown) => void failures.push(error) };
  const expectNone = (): void => {
    if (failures.length > 0) throw failures[0];
  };
  try {
    canvases.forEach((canvas, row) => {
      const hook = tokensHook && ((step: number, ids: Int32Array): void => tokensHook(step, ids, row));
      batch.join({ ...each, canvas, random: streams[row], tokensHook: hook }, sink);
    });
    for (let step = 0; ; step++) {
      expectNone();
      batch.ask();
      expectNone();
      if (batch.rows.length === 0) return;
      if (signal?.aborted) throw new AbortedError("Generation");
      await batch.advance();
      expectNone();
      const { forwardPasses, forwardTokens } = batch;
      yield { step, forwardPasses, forwardTokens, rows: events, sequences: canvases.map(({ ids }) => ids) };
      events = [];
    }
  } finally {
    batch.close();
  }
}
