// Rows put together into one request.
import { type Canvas, withDrafts } from "./canvas.ts";
import type { Decoder, Question } from "./decoders/decoder.ts";
import type { AllowedTokens, DenoiseRequest } from "./denoiser.ts";
import { COLDEST } from "./limits.ts";

/** A row with its question of this step. */
export interface AskingRow {
  /** The rows of the denoiser's session that are lent to it, one for each version that it can be asked in. */
  slots: readonly number[];
  canvas: Canvas;
  decoder: Pick<Decoder, "draw" | "tokenClasses">;
  question: Question | undefined;
  /** A number in [0, 1) for every column of the row, asked or not; absent when greedy. */
  uniforms: Float32Array | undefined;
}

/** One request for rows, whatever each of them wants, and each of their versions. Columns before a row's first block are left out. */
export function joinRows(
  asking: readonly AskingRow[],
  { maskTokenId, padTokenId, fixedRows }: { maskTokenId: number; padTokenId: number; fixedRows: boolean },
): DenoiseRequest {
  const rows = asking.flatMap(versionsOf);
  const own = rows.map(({ canvas }) => canvas.ids.subarray(firstColumn(canvas)));
  const length = Math.max(...own.map((ids) => ids.length));
  const inputIds = new Int32Array(rows.length * length).fill(padTokenId);
  own.forEach((ids, i) => inputIds.set(ids, i * length));
  const draws = rows.map(({ decoder: { draw } }) => (draw.temperature < COLDEST ? { ...draw, temperature: 0 } : draw));
  const ofColumns = (of: (row: AskingRow, column: number, i: number) => number): number[] =>
    rows.flatMap((row, i) => row.question!.columns.map((column) => of(row, column, i)));
  return {
    inputIds,
    batchSize: rows.length,
    length,
    ...paddingOf(rows, length),
    positions: Int32Array.from(ofColumns(({ canvas }, column, i) => i * length + column - firstColumn(canvas))),
    draws,
    ...(draws.some(({ temperature }) => temperature > 0) && {
      uniforms: Float32Array.from(ofColumns(({ uniforms }, column) => uniforms?.[column] ?? 0)),
    }),
    ...(draws.some(({ guidanceScale = 0 }) => guidanceScale > 0) && { unconditionalIds: withMaskedPrompts(inputIds, rows, { length, maskTokenId }) }),
    ...(rows.some(({ decoder }) => decoder.tokenClasses) && { allowed: rows.map(allowedOf) }),
    rows: rows.map(({ slots }) => slots[0]!),
    windows: Int32Array.from(rows.flatMap(windowOf)),
    blockOrigins: rows.map(({ canvas }) => (canvas.blockOrigin ?? 0) - firstColumn(canvas)),
    ...(rows.some(({ question }) => question!.unseenFrom !== undefined) && {
      unseenFrom: rows.map(({ question, canvas }) => question!.unseenFrom && question!.unseenFrom - firstColumn(canvas)),
    }),
    fixedRows,
  };
}

/** A row as it is asked: itself, or its versions, each with its drafts and its row of the session. */
function versionsOf(row: AskingRow): AskingRow[] {
  const { canvas, question, slots } = row;
  if (question?.versions === undefined) return [row];
  let start = 0;
  return question.versions.map(({ columns, drafts }, i) => {
    const ids = withDrafts(canvas.ids, drafts);
    const classes = (question.allowed?.length ?? 0) / question.columns.length;
    const allowed = question.allowed?.subarray(start * classes, (start += columns.length) * classes);
    return { ...row, canvas: { ...canvas, ids }, question: { ...question, columns, allowed }, slots: [slots[i]!] };
  });
}

/** Blocks count from a row's own column, so only padding before it can be left out. */
function firstColumn({ start, blockOrigin = 0 }: Canvas): number {
  return Math.min(start, blockOrigin);
}

function windowOf({ question, canvas }: AskingRow): number[] {
  const first = firstColumn(canvas);
  return (question!.window ?? [first, canvas.ids.length]).map((column) => Math.max(0, column - first));
}

/** Real tokens count from 0, padding gets position 1, as in Dream. */
function paddingOf(rows: readonly AskingRow[], length: number): Pick<DenoiseRequest, "attentionMask" | "positionIds"> {
  const attentionMask = new Int32Array(rows.length * length);
  const positionIds = new Int32Array(rows.length * length).fill(1);
  rows.forEach(({ canvas, question }, i) => {
    const { ids, start } = canvas;
    const at = i * length - firstColumn(canvas);
    const hidden = new Set(question!.hidden);
    let position = 0;
    for (let column = start; column < ids.length; column++) {
      if (hidden.has(column)) continue;
      attentionMask[at + column] = 1;
      positionIds[at + column] = position++;
    }
  });
  return { attentionMask, positionIds };
}

function withMaskedPrompts(inputIds: Int32Array, rows: readonly AskingRow[], { length, maskTokenId }: { length: number; maskTokenId: number }) {
  const unconditional = inputIds.slice();
  rows.forEach(({ canvas, decoder, question }, i) => {
    const kept = decoder.draw.guidanceKeepIds ?? [];
    const end = question!.unseenFrom ?? canvas.completionStart;
    const at = i * length - firstColumn(canvas);
    for (let column = canvas.start; column < end; column++) if (!kept.includes(canvas.ids[column]!)) unconditional[at + column] = maskTokenId;
  });
  return unconditional;
}

function allowedOf({ question, decoder: { tokenClasses } }: AskingRow): AllowedTokens | undefined {
  const allowed = question!.allowed ?? new Uint8Array(question!.columns.length * (tokenClasses?.classCount ?? 0)).fill(1);
  return tokenClasses && { ...tokenClasses, allowed };
}
