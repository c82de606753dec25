// Rows while they are decoded: every state of ours, and whether the reference's are among them.
import type { Random } from "@diffucoder/core";
import { type Canvas, decodeCanvases, type Decoder, type Denoiser } from "@diffucoder/samplers";

/** A batch decoded to its end: for each row its distinct states, the first included, and how many passes it took. */
export interface DecodedRows {
  states: number[][][];
  forwardPasses: number;
}

export async function decodeRows(
  canvases: readonly Canvas[],
  run: { denoiser: Denoiser; decoder: Decoder; padTokenId: number; eosTokenIds?: readonly number[]; random?: readonly Random[] },
): Promise<DecodedRows> {
  const states = canvases.map(({ ids }) => [[...ids]]);
  let forwardPasses = 0;
  for await (const event of decodeCanvases(canvases, run)) {
    ({ forwardPasses } = event);
    event.sequences.forEach((ids, row) => states[row]!.push([...ids]));
  }
  return { states: states.map(distinct), forwardPasses };
}

/** `[left padding][prompt][masks]` */
export function canvasOf(prompt: readonly number[], masks: number, { mask, pad, start = 0 }: { mask: number; pad: number; start?: number }): Canvas {
  const ids = [...Array.from({ length: start }, () => pad), ...prompt, ...Array.from({ length: masks }, () => mask)];
  return { ids: Int32Array.from(ids), start, completionStart: start + prompt.length, filled: new Set() };
}

/** Without those that equal the one before. */
export function distinct(states: readonly (readonly number[])[]): number[][] {
  return states.filter((state, i) => i === 0 || state.join() !== states[i - 1]!.join()).map((state) => [...state]);
}

/** A row of the length of the whole canvas: what is not yet there is masked. */
export function padded(row: readonly number[], length: number, mask: number): number[] {
  return Array.from({ length }, (_, column) => row[column] ?? mask);
}

/**
 * Tokens by which our states differ from the reference's at the first that is not among them, in its order; 0: all are there, the
 * same and in the same order. Ours may go on behind the last of them.
 *
 * @param mayPause whether ours may have states between two of the reference's
 */
export function differingStates(got: readonly (readonly number[])[], want: readonly (readonly number[])[], { mayPause = false } = {}): number {
  let at = 0;
  for (const state of distinct(want)) {
    const differences = (ours: readonly number[] | undefined): number => state.filter((token, column) => token !== ours?.[column]).length;
    const here = mayPause
      ? Math.max(
          at,
          got.findIndex((ours, i) => i >= at && differences(ours) === 0),
        )
      : at;
    const count = differences(got[here]);
    if (count > 0) return count;
    at = here + 1;
  }
  return 0;
}
