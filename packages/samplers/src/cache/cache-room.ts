// Where the keys and values of a session's rows are kept: as many rows and columns as they need, rounded up to few sizes.
import type { CachedNetwork, KeyValueCache } from "@diffucoder/diffusion";
import type { NdArray } from "@diffucoder/tensor";
import { ladder, lengthSize } from "../sizes.ts";

interface Size {
  /** Rows that can be lent; there is one more behind them, which holds nothing. */
  rows: number;
  /** Columns of each. */
  length: number;
}

export class CacheRoom {
  readonly #network: Pick<CachedNetwork, "emptyCache">;
  readonly #most: { rows: number; length: number | undefined };
  #size: Size = { rows: 0, length: 0 };
  #cache: KeyValueCache<NdArray> | undefined;

  /** @param most rows and columns of any row, at most */
  constructor(network: Pick<CachedNetwork, "emptyCache">, most: { rows: number; length: number | undefined }) {
    this.#network = network;
    this.#most = most;
  }

  get size(): Size {
    return this.#size;
  }

  get cache(): KeyValueCache<NdArray> {
    return this.#cache!;
  }

  /** Takes the place of the cache that a pass was given. */
  set cache(cache: KeyValueCache<NdArray>) {
    this.#cache = cache;
  }

  /**
   * Makes room for rows up to one, and columns. Rows keep what they have. It only becomes smaller by half or more, so that
   * rows which come and go move nothing.
   */
  fit(needed: Size): void {
    const most = this.#most;
    const fitted = (now: number, wanted: number): number => (wanted > now || 2 * wanted <= now ? wanted : now);
    const rows = fitted(this.#size.rows, Math.min(most.rows, ladder(needed.rows)));
    const length = fitted(this.#size.length, lengthSize(needed.length, most.length));
    const [before, after] = [this.#size, { rows, length }];
    if (before.rows === rows && before.length === length) return;
    const empty = this.#network.emptyCache({ rows: rows + 1, length });
    if (this.#cache !== undefined) copyRows({ cache: this.#cache, ...before }, { cache: empty, ...after });
    [this.#cache, this.#size] = [empty, after];
  }

  clear(): void {
    [this.#cache, this.#size] = [undefined, { rows: 0, length: 0 }];
  }
}

type Sized = Size & { cache: KeyValueCache<NdArray> };

/** The rows and columns that two caches have in common, from one to the other. */
function copyRows(from: Sized, to: Sized): void {
  for (const part of ["keys", "values"] as const)
    from.cache[part].forEach((array, layer) => copyArray({ array, ...from }, { array: to.cache[part][layer]!, ...to }));
}

/** Arrays hold `[rows + 1, heads, columns, ...]`, in whatever shape. */
function copyArray(from: Size & { array: NdArray }, to: Size & { array: NdArray }): void {
  const inner = from.array.shape.at(-1)!;
  const heads = from.array.size / ((from.rows + 1) * from.length * inner);
  const size = Math.min(from.length, to.length) * inner;
  for (let i = 0; i < Math.min(from.rows, to.rows) * heads; i++) {
    const start = i * from.length * inner;
    to.array.data.set(from.array.data.subarray(start, start + size), i * to.length * inner);
  }
}
