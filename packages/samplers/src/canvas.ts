// A row while it is denoised, and the one way in which it changes. Runs, traces and replays all go through `applyChange`.

/** What one step did to one row. Columns count from the first column of the row, before the step. */
export interface Change {
  /** Columns that got a token, surest first: masks that were committed and tokens that were edited. */
  positions: number[];
  /** What `positions` got, in their order. */
  tokens: number[];
  /** How sure the decoder was of each, in the order of `positions`; larger is surer. */
  confidence: number[];
  /** Of the distribution that each was drawn from, in the order of `positions`; nats. */
  entropy: number[];
  /** Columns that became padding behind the end of the answer, without a proposal of their own. */
  filled?: number[];
  /** Columns that the run's tokens hook set, and to what. */
  hooked?: {
    /** Columns, ascending. */
    positions: number[];
    /** Their tokens after the hook. */
    tokens: number[];
  };
  /** Columns that were masked again. */
  remasked?: number[];
  /** Columns that became two masks. */
  expanded?: number[];
  /** Columns that were removed. */
  deleted?: number[];
}

/** A row while it is denoised: `[left padding][prompt][completion]`. */
export interface Canvas {
  /** The row's tokens. Changed in place; replaced when the length changes. */
  ids: Int32Array;
  /** Columns of left padding. */
  readonly start: number;
  /** First column of the completion. Masks before it are holes of the prompt. */
  readonly completionStart: number;
  /** Column from which a block-causal model counts its blocks. @default 0 */
  readonly blockOrigin?: number;
  /** Columns that became padding behind the end of the answer so far. */
  readonly filled: Set<number>;
  /** Column of the end token. @default the answer has not ended */
  end?: number;
}

/** The change that changes nothing. */
export function noChange(): Change {
  return { positions: [], tokens: [], confidence: [], entropy: [] };
}

/**
 * The row after a change. Tokens are written first, then masks and padding, then columns come and go.
 *
 * @returns `ids` itself, changed in place, unless its length changes
 */
export function applyChange(ids: Int32Array, change: Change, { maskTokenId, padTokenId }: { maskTokenId: number; padTokenId: number }): Int32Array {
  const { positions, tokens, filled = [], hooked, remasked = [], expanded = [], deleted = [] } = change;
  positions.forEach((column, i) => (ids[column] = tokens[i]!));
  for (const column of remasked) ids[column] = maskTokenId;
  for (const column of filled) ids[column] = padTokenId;
  hooked?.positions.forEach((column, i) => (ids[column] = hooked.tokens[i]!));
  if (expanded.length === 0 && deleted.length === 0) return ids;
  return Int32Array.from(
    [...ids].flatMap((token, column) => {
      if (expanded.includes(column)) return [maskTokenId, maskTokenId];
      return deleted.includes(column) ? [] : [token];
    }),
  );
}

/** A copy of the row with drafts in place of some of its masks. */
export function withDrafts(ids: Int32Array, drafts: readonly (readonly [column: number, token: number])[]): Int32Array {
  const copy = ids.slice();
  for (const [column, token] of drafts) copy[column] = token;
  return copy;
}

/** Columns of a row that are masked, from `from` up to but not including `to`. */
export function maskedColumns(ids: Int32Array, maskTokenId: number, from = 0, to = ids.length): number[] {
  const columns: number[] = [];
  for (let column = from; column < to; column++) if (ids[column] === maskTokenId) columns.push(column);
  return columns;
}
