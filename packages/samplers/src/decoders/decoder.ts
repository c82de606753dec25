import type { Random } from "@diffucoder/core";
import type { Canvas, Change } from "../canvas.ts";
import type { DrawOptions, TokenClasses } from "../denoiser.ts";

/**
 * A decoding algorithm. It says what to ask the denoiser about a row and what to make of the answer; the run around it
 * makes the batches, the forward passes, the draws and the trace.
 */
export interface Decoder {
  /** How tokens are drawn at every step, and what their confidence is. */
  readonly draw: DrawOptions;
  /** Classes of tokens, for decoders that say which a position may get. @default all tokens are allowed everywhere */
  readonly tokenClasses?: TokenClasses | undefined;
  /** Whether rows grow or shrink; their batches are then padded to a few lengths. @default false */
  readonly changesLength?: boolean | undefined;
  /**
   * It writes what one token a step from left to right would be: each column is drawn with its own number in every step, and what is
   * committed behind the end of the answer becomes padding. @default false: each step draws anew
   */
  readonly leftToRight?: boolean | undefined;
  /** Versions in which a row is asked at once, at most. @default 1 */
  readonly versions?: number | undefined;
  /** Does beforehand what takes long, and lets others have their turn meanwhile; runs wait for it before they start a row. @default nothing takes long */
  prepare?(): Promise<void>;
  /** Columns that a prompt of so many tokens takes, which is padded on the left. @default as many as it has tokens */
  promptLength?(tokens: number): number;
  /**
   * Once the first end token stands in column `end`: the column from which masks become padding; `undefined`: not yet.
   *
   * @default the next column, at once
   */
  fillsFrom?(canvas: Canvas, end: number, maskTokenId: number): number | undefined;
  /** The largest number of steps that one row can take. */
  maxSteps(canvas: Canvas): number;
  /** Begins to decode a row. Called once for each row of a run. */
  start(row: DecoderRow): RowDecoder;
}

/** What a decoder is given of a row. */
export interface DecoderRow {
  /** The row's tokens, which change from step to step. Only to be read. */
  canvas: Canvas;
  /** Id of the mask token. */
  maskTokenId: number;
  /** Id of the token that stands on padding. */
  padTokenId: number;
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

/** What a decoder asks the denoiser about a row in one step. */
export interface Question {
  /** Columns to propose tokens for, ascending. */
  columns: readonly number[];
  /** First column of the block in play, and the column behind it: what lies outside may come from a cache. @default the row */
  window?: readonly [number, number];
  /** Columns that no token sees and that have no position. @default the padding on the left */
  hidden?: readonly number[] | undefined;
  /** Tokens before this column see neither it nor what follows. @default what the model's attention lets them see */
  unseenFrom?: number | undefined;
  /** `[columns * classCount]`, 1 where a column may get the tokens of a class. @default all */
  allowed?: Uint8Array | undefined;
  /** What the row is asked as, all in one pass; `columns` are then theirs, one version after the other. @default the row as it is */
  versions?: readonly Version[];
}

/** A row with drafts in place of some of its masks. */
export interface Version {
  /** Columns to propose tokens for, ascending. */
  columns: readonly number[];
  /** What the network reads there instead of masks. */
  drafts: readonly (readonly [column: number, token: number])[];
}

/** Proposals for the columns of one row. All arrays are as long as `columns`. */
export interface Candidates {
  /** Columns of the row, as they were asked for. */
  columns: readonly number[];
  /** The token proposed for each column. */
  tokens: Int32Array;
  /** How sure each is, as `DrawOptions.confidence` has it; larger is surer. */
  confidence: Float32Array;
  /** Of the distribution that each was drawn from, nats. */
  entropy: Float32Array;
}

/** The change that commits some of the candidates, given by their indices. */
export function commit({ columns, tokens, confidence, entropy }: Candidates, chosen: readonly number[]): Change {
  const of = (values: ArrayLike<number>): number[] => chosen.map((i) => values[i]!);
  return { positions: of(columns), tokens: of(tokens), confidence: of(confidence), entropy: of(entropy) };
}
