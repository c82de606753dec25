import type { Random } from "@diffucoder/core";
import type { Canvas, Change } from "../canvas.ts";
import type { DrawOptions, TokenClasses } from "../denoiser.ts";

/**
 * A decoding algorithm. It says what to ask the denoiser about a row and what to make of the answer; the run around it
 * makes the batches, the forward passes, the draws and the trace.
 */
export interface Decoder {
  readonly draw: DrawOptions;
  /** Classes of tokens, for decoders that say which a position may get. @default all tokens are allowed everywhere */
  readonly tokenClasses?: TokenClasses | undefined;
  /** Whether rows grow or shrink; their batches are then padded to a few lengths. @default false */
  readonly changesLength?: boolean | undefined;
  /** The largest number of steps that one row can take. */
  maxSteps(canvas: Canvas): number;
  start(row: DecoderRow): RowDecoder;
}

export interface DecoderRow {
  /** Changes from step to step. */
  canvas: Canvas;
  maskTokenId: number;
  /** The row's own stream. Split it by name and step. */
  random: Random;
}

/** The decoding of one row. */
export interface RowDecoder {
  /** What this step wants to know; no columns: the step changes nothing and costs no pass. `undefined`: the row is done. */
  ask(step: number): Question | undefined;
  /** What the answer changes. The run applies it. Not called for a step without columns. */
  answer(candidates: Candidates, step: number): Change;
}

export interface Question {
  /** Columns to propose tokens for, ascending. */
  columns: readonly number[];
  /** First column of the block in play, and the column behind it: what lies outside may come from a cache. @default the row */
  window?: readonly [number, number];
  /** `[columns * classCount]`, 1 where a column may get the tokens of a class. @default all */
  allowed?: Uint8Array | undefined;
}

/** Proposals for the columns of one row. All arrays are as long as `columns`. */
export interface Candidates {
  columns: readonly number[];
  tokens: Int32Array;
  confidence: Float32Array;
  entropy: Float32Array;
}

/** The change that commits some of the candidates, given by their indices. */
export function commit({ columns, tokens, confidence, entropy }: Candidates, chosen: readonly number[]): Change {
  const of = (values: ArrayLike<number>): number[] => chosen.map((i) => values[i] as number);
  return { positions: of(columns), tokens: of(tokens), confidence: of(confidence), entropy: of(entropy) };
}
