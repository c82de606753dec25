// One row while it is decoded: what it asks in its next step, and what becomes of the answer. It knows nothing of the rows
// beside it; its steps, passes and draws are counted by itself.
import type { Random } from "@diffucoder/core";
import { applyChange, type Canvas, type Change, noChange } from "./canvas.ts";
import type { Candidates, Decoder, Question, RowDecoder } from "./decoders/decoder.ts";
import type { CacheState } from "./denoiser.ts";
import { type RowEvent, rowEvent } from "./events.ts";
import { COLDEST } from "./limits.ts";
import { NOTHING_TO_DRAW } from "./row-random.ts";
import { stopColumn, type StopStrings } from "./stop-strings.ts";

/** A row to decode, and how. */
export interface RowOptions {
  /** The row: its tokens, and where its completion begins. Changes in place while it is decoded. */
  canvas: Canvas;
  /** Which tokens are committed when, and how they are drawn. */
  decoder: Decoder;
  /** The row's own stream. @default none: only a decoder that draws nothing can do without */
  random?: Random | undefined;
  /** Tokens that end the completion: masks behind the first one become padding. @default none, as in Dream */
  eosTokenIds?: readonly number[] | undefined;
  /** Texts that end the completion, likewise. */
  stop?: StopStrings | undefined;
  /** Dream's `generation_tokens_hook_func`: called after each step with the row's tokens, which it may change in place. */
  tokensHook?: ((step: number, ids: Int32Array) => void) | undefined;
  /** Events also include what was proposed and not committed; `"first"`: those of the first pass alone. @default false */
  provisional?: boolean | "first" | undefined;
}

/** Where a row's events go. Each row ends with one of `done` and `fail`. */
export interface RowSink {
  event(event: RowEvent): void;
  done(): void;
  fail(error: unknown): void;
}

/** What a pass answered a row. */
export interface RowAnswer {
  candidates: Candidates;
  cache: CacheState | undefined;
}

/** What every row of a batch is decoded with. */
export interface Tokens {
  maskTokenId: number;
  padTokenId: number;
}

export class RowRun {
  readonly canvas: Canvas;
  readonly decoder: Decoder;
  /** Its number in the batch, which its events carry. */
  readonly index: number;
  /** The rows of the denoiser's session that are lent to it, one for each version that it can be asked in. */
  readonly slots: readonly number[];
  readonly sink: RowSink;
  /** What it asks in the step that is going on. */
  question: Question | undefined;
  /** For every column of the row, asked or not, a number in [0, 1); absent when greedy. */
  uniforms: Float32Array | undefined;
  /** It is done, or has failed, or nobody wants it any more. */
  left = false;
  readonly #options: RowOptions;
  readonly #tokens: Tokens;
  readonly #random: Random;
  readonly #row: RowDecoder;
  /** A model that proposes mask tokens must not keep a row going. */
  readonly #maxSteps: number;
  #step = 0;
  #forwardPasses = 0;

  constructor(options: RowOptions, { index, slots, sink, tokens }: { index: number; slots: readonly number[]; sink: RowSink; tokens: Tokens }) {
    const { canvas, decoder, random = NOTHING_TO_DRAW } = options;
    this.canvas = canvas;
    this.decoder = decoder;
    this.index = index;
    this.slots = slots;
    this.sink = sink;
    this.#options = options;
    this.#tokens = tokens;
    this.#random = random;
    this.#maxSteps = decoder.maxSteps(canvas);
    this.#row = decoder.start({ canvas, ...tokens, random });
  }

  /** Whether the step needs a pass. */
  get asks(): boolean {
    return this.question !== undefined && this.question.columns.length > 0;
  }

  /** Begins a step. @returns false if the row is done */
  ask(): boolean {
    this.question = this.#step >= this.#maxSteps ? undefined : this.#row.ask(this.#step);
    if (this.question === undefined) return false;
    const { draw, leftToRight = false } = this.decoder;
    if (draw.temperature >= COLDEST && !(leftToRight && this.uniforms))
      this.uniforms = drawUniforms(leftToRight ? this.#random.split("draw") : this.#random.split("draw", this.#step), this.canvas);
    return true;
  }

  /** Ends the step: lets the row decide and applies it. */
  answer(answer: RowAnswer | undefined): RowEvent {
    const { canvas } = this;
    const { tokensHook, provisional = false } = this.#options;
    const step = this.#step++;
    this.question = undefined;
    if (answer !== undefined) this.#forwardPasses++;
    const candidates = answer?.candidates;
    const decided = candidates === undefined ? noChange() : upToEnd(this.#row.answer(candidates, step), this.canvas, this.#options, this.#tokens);
    const edited = decided.positions.filter((column) => canvas.ids[column] !== this.#tokens.maskTokenId);
    canvas.ids = applyChange(canvas.ids, decided, this.#tokens);
    const filled = fillBehindEnd(canvas, this.#options, this.#tokens);
    const before = tokensHook === undefined ? undefined : canvas.ids.slice();
    tokensHook?.(step, canvas.ids);
    const hooked = before === undefined ? [] : [...canvas.ids.keys()].filter((column) => canvas.ids[column] !== before[column]);
    const change: Change = {
      ...decided,
      ...(filled.length > 0 && { filled }),
      ...(hooked.length > 0 && { hooked: { positions: hooked, tokens: hooked.map((column) => canvas.ids[column]!) } }),
    };
    return rowEvent({
      row: this.index,
      step,
      forwardPasses: this.#forwardPasses,
      cache: answer?.cache,
      canvas,
      change,
      edited,
      ...((provisional === true || (provisional === "first" && this.#forwardPasses === 1)) && candidates && { candidates }),
    });
  }
}

type Ends = Pick<RowOptions, "eosTokenIds" | "stop" | "decoder">;

/** Where the completion ends, and the column from which masks become padding; `undefined`: it goes on. */
function endOf(canvas: Canvas, { eosTokenIds = [], stop, decoder }: Ends, { maskTokenId }: Tokens): { end: number; from: number } | undefined {
  const { ids, completionStart } = canvas;
  const eos = eosTokenIds.length === 0 ? -1 : ids.findIndex((token, column) => column >= completionStart && eosTokenIds.includes(token));
  const stopped = stop && stopColumn(ids, { from: completionStart, maskTokenId, stop });
  const end = Math.min(eos === -1 ? Infinity : eos, stopped ?? Infinity);
  if (end === Infinity) return undefined;
  const from = decoder.fillsFrom === undefined ? end + 1 : decoder.fillsFrom(canvas, end, maskTokenId);
  return from === undefined ? undefined : { end, from };
}

/** A change without what it commits behind the end of the completion, for decoders that write from left to right. */
function upToEnd(change: Change, canvas: Canvas, options: Ends, tokens: Tokens): Change {
  if (options.decoder.leftToRight !== true || change.positions.length < 2) return change;
  const from = endOf({ ...canvas, ids: applyChange(canvas.ids.slice(), change, tokens) }, options, tokens)?.from ?? Infinity;
  const kept = <T>(values: readonly T[]): T[] => values.filter((_, i) => change.positions[i]! < from);
  const { positions, tokens: ids, confidence, entropy } = change;
  return { ...change, positions: kept(positions), tokens: kept(ids), confidence: kept(confidence), entropy: kept(entropy) };
}

/** Masks behind the end of the completion become padding, once its decoder says so. */
function fillBehindEnd(canvas: Canvas, options: Ends, tokens: Tokens): number[] {
  const ended = endOf(canvas, options, tokens);
  if (ended === undefined) return [];
  const { ids } = canvas;
  const { maskTokenId, padTokenId } = tokens;
  canvas.end = ended.end;
  const filled: number[] = [];
  for (let column = ended.from; column < ids.length; column++) {
    if (ids[column] !== maskTokenId) continue;
    ids[column] = padTokenId;
    canvas.filled.add(column);
    filled.push(column);
  }
  return filled;
}

/**
 * Numbers for one step of a row: what a column gets is a function of its place in the completion, or before it, and of nothing
 * else; neither what is revealed counts nor how the row is padded.
 */
function drawUniforms(random: Random, { ids, start, completionStart }: Canvas): Float32Array {
  const uniforms = new Float32Array(ids.length);
  random.fillUniform(uniforms.subarray(completionStart));
  random.split("prompt").fillUniform(uniforms.subarray(start, completionStart)).reverse();
  return uniforms;
}
