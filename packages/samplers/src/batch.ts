// Rows put together into one request, and its answer taken apart again.
import type { Random } from "@diffucoder/core";
import type { Canvas } from "./canvas.ts";
import type { Candidates, Question } from "./decoders/decoder.ts";
import type { DenoiseRequest, DrawOptions, Proposals, TokenClasses } from "./denoiser.ts";
import { COLDEST } from "./limits.ts";

/** A row with its question of this step; rows without one only fill the batch up. */
export interface AskingRow {
  index: number;
  canvas: Canvas;
  question: Question | undefined;
  /** A number in [0, 1) for every column of the row, asked or not; absent when greedy. */
  uniforms: Float32Array | undefined;
}

/**
 * The rows to run a pass with: those that ask, and others that fill up to one of a few sizes, halves of the whole batch,
 * so that only a few are ever compiled. Ordered by index.
 */
export function passRows<Row extends { index: number; question: Question | undefined }>(rows: readonly Row[]): Row[] {
  const asking = rows.filter(({ question }) => question !== undefined && question.columns.length > 0);
  let size = rows.length;
  while (Math.ceil(size / 2) >= asking.length && size > 1) size = Math.ceil(size / 2);
  const others = rows.filter((row) => !asking.includes(row));
  return [...asking, ...others.slice(0, size - asking.length)].sort((a, b) => a.index - b.index);
}

export interface RequestOptions {
  draw: DrawOptions;
  maskTokenId: number;
  padTokenId: number;
  /** Columns of the batch; shorter rows are padded on the right. */
  length: number;
  tokenClasses?: TokenClasses | undefined;
}

export function joinRows(rows: readonly AskingRow[], { draw, maskTokenId, padTokenId, length, tokenClasses }: RequestOptions): DenoiseRequest {
  const total = rows.length * length;
  const inputIds = new Int32Array(total).fill(padTokenId);
  rows.forEach(({ canvas }, i) => inputIds.set(canvas.ids, i * length));
  const isPadded = rows.some(({ canvas: { ids, start } }) => start > 0 || ids.length < length);
  const columns = rows.map(({ question }) => question?.columns ?? []);
  const positions = Int32Array.from(columns.flatMap((some, i) => some.map((column) => i * length + column)));
  const windows = Int32Array.from(rows.flatMap(({ question, canvas }) => question?.window ?? [0, canvas.ids.length]));
  const temperature = draw.temperature < COLDEST ? 0 : draw.temperature;
  return {
    ...draw,
    temperature,
    inputIds,
    batchSize: rows.length,
    length,
    positions,
    rows: rows.map(({ index }) => index),
    windows,
    blockOrigins: rows.map(({ canvas }) => canvas.blockOrigin ?? 0),
    ...(isPadded && paddingOf(rows, length)),
    ...(temperature > 0 && {
      uniforms: Float32Array.from(rows.flatMap(({ uniforms }, i) => (columns[i] as readonly number[]).map((column) => uniforms?.[column] as number))),
    }),
    ...((draw.guidanceScale ?? 0) > 0 && { unconditionalIds: withMaskedPrompts(inputIds, rows, { length, maskTokenId }) }),
    ...(tokenClasses && { allowed: { ...tokenClasses, allowed: joinAllowed(rows, tokenClasses) } }),
  };
}

/** The candidates of each row, in the order of `rows`. */
export function splitProposals(rows: readonly AskingRow[], { tokens, confidence, entropy }: Proposals): Candidates[] {
  let start = 0;
  return rows.map(({ question }): Candidates => {
    const columns = question?.columns ?? [];
    const range = [start, (start += columns.length)] as const;
    return { columns, tokens: tokens.subarray(...range), confidence: confidence.subarray(...range), entropy: entropy.subarray(...range) };
  });
}

/** Real tokens count from 0, padding gets position 1, as in Dream. */
function paddingOf(rows: readonly AskingRow[], length: number): Pick<DenoiseRequest, "attentionMask" | "positionIds"> {
  const attentionMask = new Int32Array(rows.length * length);
  const positionIds = new Int32Array(rows.length * length).fill(1);
  rows.forEach(({ canvas: { ids, start } }, i) => {
    for (let column = start; column < ids.length; column++) {
      attentionMask[i * length + column] = 1;
      positionIds[i * length + column] = column - start;
    }
  });
  return { attentionMask, positionIds };
}

function withMaskedPrompts(inputIds: Int32Array, rows: readonly AskingRow[], { length, maskTokenId }: { length: number; maskTokenId: number }) {
  const unconditional = inputIds.slice();
  rows.forEach(({ canvas }, i) => unconditional.fill(maskTokenId, i * length + canvas.start, i * length + canvas.completionStart));
  return unconditional;
}

function joinAllowed(rows: readonly AskingRow[], { classCount }: TokenClasses): Uint8Array {
  const counts = rows.map(({ question }) => (question?.columns.length ?? 0) * classCount);
  const whole = new Uint8Array(counts.reduce((a, b) => a + b, 0)).fill(1);
  let start = 0;
  rows.forEach(({ question }, i) => {
    if (question?.allowed) whole.set(question.allowed, start);
    start += counts[i] as number;
  });
  return whole;
}

/**
 * Numbers for one step of a row: one for each column behind the left padding, so that what a column gets depends neither on
 * what is revealed nor on how much its neighbours make it be padded.
 */
export function drawUniforms(random: Random, { ids, start }: Canvas): Float32Array {
  const uniforms = new Float32Array(ids.length);
  random.fillUniform(uniforms.subarray(start));
  return uniforms;
}
