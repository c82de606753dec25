// Rows put together into one request.
import type { Canvas } from "./canvas.ts";
import type { Decoder, Question } from "./decoders/decoder.ts";
import type { DenoiseRequest, TokenClasses } from "./denoiser.ts";
import { COLDEST } from "./limits.ts";

/** A row with its question of this step. */
export interface AskingRow {
  /** The row of the denoiser's session that is lent to it. */
  slot: number;
  canvas: Canvas;
  decoder: Pick<Decoder, "draw" | "tokenClasses">;
  question: Question | undefined;
  /** A number in [0, 1) for every column of the row, asked or not; absent when greedy. */
  uniforms: Float32Array | undefined;
}

/** One request for rows whose tokens are drawn in the same way. Shorter rows are padded on the right. */
export function joinRows(rows: readonly AskingRow[], { maskTokenId, padTokenId }: { maskTokenId: number; padTokenId: number }): DenoiseRequest {
  const { draw, tokenClasses } = rows[0]!.decoder;
  const length = Math.max(...rows.map(({ canvas }) => canvas.ids.length));
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
    rows: rows.map(({ slot }) => slot),
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
