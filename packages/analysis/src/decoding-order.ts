// The order in which a completion was written, read off its trace.
import { InvalidArgumentError } from "@diffucoder/core";
import type { DenoiseTrace, TraceStep } from "@diffucoder/samplers";

/** When which position of a completion was revealed. Positions count the masks of the row from the left: the first behind the prompt is 0. */
export interface DecodingOrder {
  /** Positions of the completion, revealed or not. */
  readonly length: number;
  /** What each step revealed, surest first; steps that revealed nothing are left out. A position occurs once. */
  readonly steps: readonly (readonly number[])[];
}

/** The part of a completion that is looked at: every position, or those up to its first end token, which is included. */
export type Region = "canvas" | "answer";

/** A place of a row, while columns come and go. */
export interface Cell {
  /** It was there before the first step. */
  readonly isGiven: boolean;
  /** Its token, the mask's while it is one. */
  token: number;
  /** Its last reveal, which is the one that counts; absent for given tokens, padding behind the end, and what a hook wrote. */
  reveal?: { readonly step: number; readonly place: number; readonly entropy: number };
}

/**
 * The order in which a trace revealed its positions.
 *
 * A position that was masked again counts at its last reveal. An edit of a revealed token is not a reveal. Padding behind the end of the answer, which
 * no step proposed, is never revealed. Of a row whose columns came and went, the columns at the end count.
 *
 * @throws {InvalidArgumentError} if a step names a column that the row does not have
 */
export function decodingOrder(
  trace: DenoiseTrace,
  {
    region = "canvas",
  }: {
    /** Which positions count. A trace without `eosTokenIds` does not tell where the answer ends: all do. @default "canvas" */
    region?: Region;
  } = {},
): DecodingOrder {
  const cells = regionOf(completionCells(trace), trace, region);
  const revealed = cells.flatMap(({ reveal }, position) => (reveal === undefined ? [] : [{ ...reveal, position }]));
  const steps = new Map<number, typeof revealed>();
  for (const one of revealed) steps.set(one.step, [...(steps.get(one.step) ?? []), one]);
  return {
    length: cells.length,
    steps: [...steps.entries()]
      .toSorted(([a], [b]) => a - b)
      .map(([, step]) => step.toSorted((a, b) => a.place - b.place).map(({ position }) => position)),
  };
}

/** Up to the first end token, which is included, or all. */
export function regionOf(cells: readonly Cell[], { eosTokenIds = [] }: DenoiseTrace, region: Region): readonly Cell[] {
  const end = region === "canvas" ? -1 : cells.findIndex(({ token }) => eosTokenIds.includes(token));
  return end === -1 ? cells : cells.slice(0, end + 1);
}

/** The places of a row that were masks in the beginning, or came later, as they are after the last step. */
export function completionCells({ initialIds, maskTokenId, padTokenId = maskTokenId, steps }: DenoiseTrace): Cell[] {
  let row = initialIds.map((token): Cell => ({ token, isGiven: token !== maskTokenId }));
  for (const [i, step] of steps.entries()) row = afterStep(row, step, { step: i, maskTokenId, padTokenId });
  return row.filter(({ isGiven }) => !isGiven);
}

function afterStep(
  row: Cell[],
  change: TraceStep,
  { step, maskTokenId, padTokenId }: { step: number; maskTokenId: number; padTokenId: number },
): Cell[] {
  const { positions, tokens, entropy, remasked = [], filled = [], hooked, expanded = [], deleted = [] } = change;
  const at = (column: number): Cell => row[column] ?? refuseColumn(column, row.length, step);
  positions.forEach((column, place) => {
    const cell = at(column);
    const token = tokens[place]!;
    if (cell.token === maskTokenId && token !== maskTokenId) cell.reveal = { step, place, entropy: entropy[place] ?? Number.NaN };
    cell.token = token;
  });
  const write = (column: number, token: number): void => {
    const cell = at(column);
    if (cell.token === maskTokenId || token === maskTokenId) delete cell.reveal;
    cell.token = token;
  };
  for (const column of remasked) write(column, maskTokenId);
  for (const column of filled) write(column, padTokenId);
  hooked?.positions.forEach((column, i) => write(column, hooked.tokens[i]!));
  if (expanded.length === 0 && deleted.length === 0) return row;
  const mask = (): Cell => ({ token: maskTokenId, isGiven: false });
  return row.flatMap((cell, column) => (expanded.includes(column) ? [mask(), mask()] : deleted.includes(column) ? [] : [cell]));
}

function refuseColumn(column: number, length: number, step: number): never {
  throw new InvalidArgumentError({
    argument: "trace",
    value: `column ${column} in step ${step}`,
    expected: `a trace whose steps change the ${length} columns of its row`,
  });
}
