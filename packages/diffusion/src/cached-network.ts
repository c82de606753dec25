import type { NdArray, Tensor } from "@diffucoder/tensor";

/** Keys and values of some rows: one array for each layer; what is in it is the network's own affair. */
export interface KeyValueCache<T> {
  /** Rotated keys, one `[B, KV, L, S]` for each layer. */
  keys: T[];
  /** Values, as the keys. */
  values: T[];
}

/** What a traced network is asked about a window of each row: B rows of W tokens out of N columns. */
export interface WindowLogitsInputs {
  /** int32 `[B, W]`. */
  inputIds: Tensor;
  /** Keys and values of all columns, of which the window replaces its own. */
  cache: KeyValueCache<Tensor>;
  /** Columns of a row, N. */
  length: number;
  /** Columns of the tokens, int32 `[B, W]`. @default all: W = N */
  columns?: Tensor | undefined;
  /** Rows of the cache that these are, int32 `[B]`. @default 0, 1, ..., B - 1 */
  rows?: Tensor | undefined;
  /** `[B, N]`, 1 for a real token, 0 for padding. @default all real */
  attentionMask?: Tensor | undefined;
  /** int32 `[B, W]`. @default `columns` */
  positionIds?: Tensor | undefined;
  /** How many columns, from the first, each token sees, int32 `[B, W]`. @default N */
  visible?: Tensor | undefined;
  /** int32 `[M]`, indices into the `B * W` tokens. @default everywhere */
  logitPositions?: Tensor | undefined;
}

/** What a pass over a window gives. */
export interface WindowLogitsResult {
  /** `[B, W, V]`, or `[M, V]` with `logitPositions`. */
  logits: Tensor;
  /** The cache with the window's keys and values in place. */
  cache: KeyValueCache<Tensor>;
  /** How far the window's keys and values moved: `[B, W]`, 0 for those that stayed, relative to their size. */
  drift: Tensor;
}

/** A network that keeps keys and values, as samplers see it. `cachedNetwork(config)` of `@diffucoder/model` is one. */
export interface CachedNetwork {
  /** The network on a window: logits there, and the cache with what the window wrote. */
  logits(parameters: Readonly<Record<string, Tensor>>, inputs: WindowLogitsInputs): WindowLogitsResult;
  /** Room for the keys and values of `rows` rows of `length` columns. */
  emptyCache(size: {
    /** Rows of the batch. */
    rows: number;
    /** Columns of each row. */
    length: number;
  }): KeyValueCache<NdArray>;
}
