import type { RevealOrder } from "./report-data.ts";

/** What one denoising step revealed: the part of a `DenoiseTrace` entry that is read here. */
export interface RevealedPositions {
  /** Positions in the sequence. */
  readonly positions: readonly number[];
  /** One per position, on the scale of the sampler. */
  readonly confidence?: readonly number[];
}

/**
 * Turns the trace of one completion into the order that the report shows.
 *
 * A position that was masked again and revealed once more counts with its last step. Positions outside the text, such as those after its end, are
 * left out; tokens that no step revealed were given.
 */
export function revealOrder({
  trace,
  tokens,
  firstPosition = 0,
}: {
  /** One entry per denoising step, in order. */
  trace: readonly RevealedPositions[];
  /** Text of each token that is to be shown. */
  tokens: readonly string[];
  /** Position in the sequence of `tokens[0]`, e.g. the prompt's length. @default 0 */
  firstPosition?: number;
}): RevealOrder {
  const stepOf = tokens.map(() => -1);
  const confidence = tokens.map(() => Number.NaN);
  for (const [step, entry] of trace.entries()) {
    for (const [i, position] of entry.positions.entries()) {
      const index = position - firstPosition;
      if (index < 0 || index >= tokens.length) continue;
      stepOf[index] = step;
      confidence[index] = entry.confidence?.[i] ?? Number.NaN;
    }
  }
  const known = trace.some((entry) => entry.confidence !== undefined);
  return { tokens, stepOf, ...(known ? { confidence } : {}), steps: Math.max(1, trace.length) };
}
