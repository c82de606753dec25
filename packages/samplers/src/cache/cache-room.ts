// Where the keys and values of a session's rows are kept: as many rows and columns as they need, rounded up to few sizes.
import { DiffuCoderError } from "@diffucoder/core";
import type { CachedNetwork, KeyValueCache } from "@diffucoder/diffusion";
import type { NdArray } from "@diffucoder/tensor";
import { ladder, lengthSize } from "../sizes.ts";

interface Size {
  /** Rows that can be lent. */
  rows: number;
  /** Columns of each. */
  length: number;
}

/** The most that a room is given. */
interface RoomLimits {
  rows: number;
  /** Tokens of the longest row. @default any */
  length?: number | undefined;
  /** Of all keys and values. @default no bound */
  bytes?: number | undefined;
  /** No pass computes all columns of a row, so that a few more cost little: then lengths are rounded up to fewer. @default false */
  fewLengths?: boolean | undefined;
}

type Network = Pick<CachedNetwork, "emptyCache">;

export class CacheRoom {
  readonly #network: Network;
  readonly #most: RoomLimits;
  #size: Size = { rows: 0, length: 0 };
  #cache: KeyValueCache<NdArray> | undefined;

  /** @param most of any row, and of all together */
  constructor(network: Network, most: RoomLimits) {
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
   * rows which come and go move nothing, or where there would be too many bytes.
   *
   * @throws {DiffuCoderError} `"CACHE_FULL"` if there is not that much room
   */
  fit(needed: Size): void {
    const least = roomFor(needed, this.#most);
    const fitted = (now: number, wanted: number): number => (wanted > now || 2 * wanted <= now ? wanted : now);
    const easy = { rows: fitted(this.#size.rows, least.rows), length: fitted(this.#size.length, least.length) };
    const before = this.#size;
    const after = this.#holds(easy) ? easy : least;
    if (before.rows === after.rows && before.length === after.length) return;
    if (!this.#holds(after))
      throw new DiffuCoderError(
        "CACHE_FULL",
        `Keys and values of ${needed.rows} rows of ${needed.length} tokens do not fit into the ${this.#most.bytes} bytes of maxCacheBytes. Decode fewer or shorter rows together, or raise it.`,
      );
    const empty = this.#network.emptyCache({ rows: rowsOf(after), length: after.length });
    if (this.#cache !== undefined) copyRows({ cache: this.#cache, ...before }, { cache: empty, ...after });
    [this.#cache, this.#size] = [empty, after];
  }

  /** Keys and values of a row from one column up to another, all layers in one array. */
  read(row: number, from: number, end: number): Float32Array {
    const parts = this.#parts();
    const values = new Float32Array(parts.reduce((sum, { heads, inner }) => sum + heads * (end - from) * inner, 0));
    let at = 0;
    for (const { array, heads, inner } of parts)
      for (let head = 0; head < heads; head++) {
        const start = ((row * heads + head) * this.#size.length + from) * inner;
        values.set(array.data.subarray(start, start + (end - from) * inner), at);
        at += (end - from) * inner;
      }
    return values;
  }

  /** Puts what `read` gave into a row, from a column on. */
  write(row: number, from: number, values: Float32Array): void {
    const parts = this.#parts();
    const size = values.length / parts.reduce((sum, { heads, inner }) => sum + heads * inner, 0);
    let at = 0;
    for (const { array, heads, inner } of parts)
      for (let head = 0; head < heads; head++) {
        array.data.set(values.subarray(at, at + size * inner), ((row * heads + head) * this.#size.length + from) * inner);
        at += size * inner;
      }
  }

  clear(): void {
    [this.#cache, this.#size] = [undefined, { rows: 0, length: 0 }];
  }

  #holds(size: Size): boolean {
    return this.#most.bytes === undefined || columnBytes(this.#network) * columnsOf(size) <= this.#most.bytes;
  }

  #parts(): { array: NdArray; heads: number; inner: number }[] {
    const { keys, values } = this.cache;
    return [...keys, ...values].map((array) => ({ array, heads: headsOf(array, this.#size), inner: array.shape.at(-1)! }));
  }
}

/** Rows of so many columns for which there is room. */
export function rowsOfLength(network: Network, length: number, most: RoomLimits): number {
  const each = columnBytes(network);
  let rows = 0;
  while (rows < most.rows && each * columnsOf(roomFor({ rows: rows + 1, length }, most)) <= (most.bytes ?? Infinity)) rows++;
  return rows;
}

function roomFor({ rows, length }: Size, most: RoomLimits): Size {
  const columns = most.fewLengths === true ? Math.max(length, Math.min(ladder(length), most.length ?? Infinity)) : lengthSize(length, most.length);
  return { rows: Math.max(rows, Math.min(most.rows, ladder(rows))), length: columns };
}

/** Batches that are filled up need a row that holds nothing; those of up to four rows are not. */
function rowsOf({ rows }: Pick<Size, "rows">): number {
  return rows > 4 ? rows + 1 : rows;
}

function columnsOf(size: Size): number {
  return rowsOf(size) * size.length;
}

function columnBytes(network: Network): number {
  const { keys, values } = network.emptyCache({ rows: 1, length: 1 });
  return [...keys, ...values].reduce((sum, { data }) => sum + data.byteLength, 0);
}

type Sized = Size & { cache: KeyValueCache<NdArray> };

/** The rows and columns that two caches have in common, from one to the other. */
function copyRows(from: Sized, to: Sized): void {
  for (const part of ["keys", "values"] as const)
    from.cache[part].forEach((array, layer) => copyArray({ array, ...from }, { array: to.cache[part][layer]!, ...to }));
}

/** Arrays hold `[rows, heads, columns, ...]`, in whatever shape. */
function copyArray(from: Size & { array: NdArray }, to: Size & { array: NdArray }): void {
  const inner = from.array.shape.at(-1)!;
  const heads = headsOf(from.array, from);
  const size = Math.min(from.length, to.length) * inner;
  for (let i = 0; i < Math.min(from.rows, to.rows) * heads; i++) {
    const start = i * from.length * inner;
    to.array.data.set(from.array.data.subarray(start, start + size), i * to.length * inner);
  }
}

function headsOf(array: NdArray, size: Size): number {
  return array.size / (rowsOf(size) * size.length * array.shape.at(-1)!);
}
