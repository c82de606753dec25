// Infilling: given tokens with holes between them. Decoders of fixed length fill exactly the masks of a hole; `dreamOnDecoder`
// lets a hole grow and shrink.
import { InvalidArgumentError } from "@diffucoder/core";
import { checkTokenIds } from "@diffucoder/diffusion";
import type { Canvas } from "./canvas.ts";
import { checkRun } from "./checked-run.ts";
import type { RunOptions } from "./decode.ts";
import { holesOf, moveColumns } from "./decoders/dream-on.ts";
import type { Denoiser } from "./denoiser.ts";
import type { StepEvent } from "./events.ts";
import { type GenerationResult, runToEnd } from "./generate.ts";
import { MOST } from "./limits.ts";
import type { DenoiseTrace } from "./trace.ts";

/** Given tokens, or a hole of so many masks. */
export type Segment = readonly number[] | Hole;

interface Hole {
  /** How many masks it starts with, from 1 to 131,072; as many tokens fill it, unless the decoder changes lengths. */
  masks: number;
}

/** Rows with holes, and how they are filled. */
export interface InfillOptions extends Omit<RunOptions, "eosTokenIds"> {
  /** Each row from left to right. Rows can have different lengths and numbers of holes. */
  rows: readonly (readonly Segment[])[];
  /** Called after each step. What it throws ends the run. */
  onStep?: ((event: StepEvent) => void) | undefined;
}

/** Filled rows; `completionIds` begin at the first hole of a row. */
export interface InfillResult extends GenerationResult {
  /** Tokens of each hole of each row. */
  holes: number[][][];
}

/**
 * Fills the holes of rows.
 *
 * @throws {InvalidArgumentError} if a row has no hole, an empty one, or one beside another @throws {AbortedError} when stopped
 */
export async function infill({ rows, ...options }: InfillOptions): Promise<InfillResult> {
  checkRun(options);
  if (!Array.isArray(rows) || rows.length === 0) throw new InvalidArgumentError({ argument: "rows", value: rows, expected: "at least one row" });
  const canvases = rows.map((segments, row) => segmentsCanvas(segments, options.denoiser, `rows[${row}]`));
  const result = await runToEnd(canvases, options);
  return { ...result, holes: result.sequences.map((ids, row) => holeTokens(ids, result.traces[row] as DenoiseTrace)) };
}

/**
 * A row with holes to fill.
 *
 * @param name what it is called in errors
 * @throws {InvalidArgumentError} if it has no hole, an empty one, or one beside another
 */
export function segmentsCanvas(
  segments: readonly Segment[],
  { maskTokenId, vocabSize }: Pick<Denoiser, "maskTokenId" | "vocabSize">,
  name = "segments",
): Canvas {
  const fail = (value: unknown, expected: string): never => {
    throw new InvalidArgumentError({ argument: name, value, expected });
  };
  segments.forEach((segment, i) => {
    if (isHole(segment) && (!Number.isInteger(segment.masks) || segment.masks < 1 || segment.masks > MOST))
      fail(segment, segment.masks > MOST ? `made of holes with at most ${MOST} masks` : "made of holes with at least one mask");
    if (!isHole(segment)) checkTokenIds(`${name}[${i}]`, segment, vocabSize);
    const next = segments[i + 1];
    if (isHole(segment) && next !== undefined && (isHole(next) || next.length === 0)) fail(segments, "made of holes with given tokens between them");
    if (!isHole(segment) && segment.includes(maskTokenId)) fail(segment, "without mask tokens of its own: a hole is { masks }");
  });
  const ids = Int32Array.from(segments.flatMap((segment) => (isHole(segment) ? Array.from({ length: segment.masks }, () => maskTokenId) : segment)));
  const completionStart = ids.indexOf(maskTokenId);
  if (completionStart === -1) fail(segments, "given with a hole to fill");
  return { ids, start: 0, completionStart, filled: new Set() };
}

function isHole(segment: Segment): segment is Hole {
  return !Array.isArray(segment);
}

/** Tokens of each hole of a row, from the row as it ended and the record of how. */
export function holeTokens(ids: readonly number[], { initialIds, maskTokenId, steps }: DenoiseTrace): number[][] {
  const initial = holesOf(Int32Array.from(initialIds), maskTokenId);
  const holes = steps.reduce((columns, step) => moveColumns(columns, step), initial);
  const count = 1 + Math.max(...initial.map((hole) => hole ?? -1));
  return Array.from({ length: count }, (_, hole) => ids.filter((_token, column) => holes[column] === hole));
}
