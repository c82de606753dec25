import type { NdArray, Tensor } from "@diffucoder/tensor";
import type { ModelParameters } from "./model-parameters.ts";

/** Keys and values of some rows, an array for each layer. Opaque to callers: only the network knows their shapes. */
export interface KeyValueCache<T> {
  /** Rotated keys. */
  keys: T[];
  /** Values, as the keys. */
  values: T[];
}

/** The inputs of a traced network for a window of each row: B rows of W tokens out of N columns. */
export interface WindowLogitsInputs {
  /** Token ids of the window, int32 `[B, W]`. */
  inputIds: Tensor;
  /** Keys and values of all columns, of which the window replaces its own. */
  cache: KeyValueCache<Tensor>;
  /** Columns of a row, N. */
  length: number;
  /** Columns of the window's tokens, int32 `[B, W]`; one may occur twice, with the same token. @default all: W = N */
  columns?: Tensor | undefined;
  /** Rows of the cache that these are, int32 `[B]`, distinct. @default 0, 1, ..., B - 1 */
  rows?: Tensor | undefined;
  /** `[B, N]`, 1 for a real token, 0 for padding: it is not seen. @default all real */
  attentionMask?: Tensor | undefined;
  /** Positions for the rotary embedding, int32 `[B, W]`. @default `columns` */
  positionIds?: Tensor | undefined;
  /** How many columns, from the first, each token sees, int32 `[B, W]`. @default N */
  visible?: Tensor | undefined;
  /** Where logits are wanted: int32 `[M]`, indices into the `B * W` tokens. @default everywhere */
  logitPositions?: Tensor | undefined;
}

/** The result of a pass over a window. */
export interface WindowLogitsResult {
  /** `[M, V]`, or `[B, W, V]` without `logitPositions`. */
  logits: Tensor;
  /** The cache with the window's columns replaced; donated, it is updated in place. */
  cache: KeyValueCache<Tensor>;
  /**
   * How far the window's tokens moved since the cache was written: the change of their values in the last layer, relative to
   * their norm, `[B, W]`. Costs a copy of those values, and nothing if it is not among a compiled function's results.
   */
  drift: Tensor;
}

/** A network that keeps keys and values, as samplers see it. `cachedNetwork(config)` of `@diffucoder/model` is one. */
export interface CachedNetwork {
  /** The network on a window: logits there, and the cache with what the window wrote. */
  logits(parameters: Readonly<ModelParameters<Tensor>>, inputs: WindowLogitsInputs): WindowLogitsResult;
  /** Room for the keys and values of `rows` rows of `length` columns. */
  emptyCache(size: {
    /** Rows of the batch. */
    rows: number;
    /** Columns of each row. */
    length: number;
  }): KeyValueCache<NdArray>;
}
