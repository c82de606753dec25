// Keys and values that outlive the rows which computed them, so that a request whose tokens begin as an earlier one's did starts where the
// two part: the second turn of a chat, an agent's next call. Where no token sees a later block, keys and values depend on the
// tokens up to the end of their block and on nothing else, so what is reused is what would be computed.
// A tree of chunks of a few whole blocks, as vLLM's automatic prefix caching has it (PagedAttention, arXiv 2309.06180). Differs: the key of a
// chunk is its tokens and its parent, not a hash of them; keys and values are copied into the row and out of it.
import { InvalidArgumentError } from "@diffucoder/core";
import type { NdArray } from "@diffucoder/tensor";

/** A prefix cache in figures. Counts are of its whole life. */
export interface PrefixCacheStats {
  /** Rows that began with kept keys and values. */
  hits: number;
  /** Rows that found none. */
  misses: number;
  /** Tokens whose keys and values were not computed again. */
  reusedTokens: number;
  /** What it keeps now, bytes. */
  bytes: number;
}

/** How the tokens of a row lie in blocks: equal tokens have equal keys and values only where this is equal too. */
export interface BlockLayout {
  /** Columns of a block. */
  blockLength: number;
  /** Columns of the first block that lie before the first token. */
  before: number;
}

/** Keys and values of some tokens, all layers in one array. */
interface Chunk {
  id: number;
  values: Float32Array;
}

/** Tokens of a chunk, at least: fewer would be many small arrays. */
const CHUNK = 16;

/**
 * Keeps keys and values of one block-causal or autoregressive network from one row to the next, up to a number of bytes; what was used the
 * longest ago goes first. Denoisers of the same network may share one.
 */
export class PrefixCache {
  readonly #maxBytes: number;
  /** By their parents and tokens, the least recently used first; a chunk comes after those that go on from it. */
  readonly #chunks = new Map<string, Chunk>();
  readonly #counts = { hits: 0, misses: 0, reusedTokens: 0 };
  #bytes = 0;
  #nextId = 0;
  #weights: readonly NdArray[] = [];
  #weightsNumber = 0;

  /** @throws {InvalidArgumentError} if `maxBytes` is negative or no number */
  constructor({
    maxBytes,
  }: {
    /** Bytes that it keeps, at most; 0: nothing. */
    maxBytes: number;
  }) {
    if (!(maxBytes >= 0)) throw new InvalidArgumentError({ argument: "maxBytes", value: maxBytes, expected: "a number of at least 0" });
    this.#maxBytes = maxBytes;
  }

  /** The cache in figures, now. */
  stats(): PrefixCacheStats {
    return { ...this.#counts, bytes: this.#bytes };
  }

  /** Forgets everything; the counts stay. */
  clear(): void {
    this.#chunks.clear();
    this.#bytes = 0;
  }

  /** The number of these weights, which other arrays change: then everything is forgotten. */
  numberOf(parameters: Readonly<Record<string, NdArray>>): number {
    const weights = Object.values(parameters);
    if (weights.length === this.#weights.length && weights.every((array, i) => array === this.#weights[i])) return this.#weightsNumber;
    this.clear();
    this.#weights = weights;
    return ++this.#weightsNumber;
  }

  /** Keys and values of the first tokens of a row, as far as they are kept, chunk by chunk, each with the number of its tokens. */
  find(tokens: Int32Array, layout: BlockLayout): { values: Float32Array; length: number }[] {
    const found: { key: string; chunk: Chunk; length: number }[] = [];
    let [parent, from] = [rootOf(layout), 0];
    for (const end of chunkEnds(tokens.length, layout)) {
      const key = keyOf(parent, tokens.subarray(from, end));
      const chunk = this.#chunks.get(key);
      if (chunk === undefined) break;
      found.push({ key, chunk, length: end - from });
      [parent, from] = [String(chunk.id), end];
    }
    this.#use(found);
    this.#counts[from > 0 ? "hits" : "misses"]++;
    this.#counts.reusedTokens += from;
    return found.map(({ chunk: { values }, length }) => ({ values, length }));
  }

  /**
   * Keeps the keys and values of a row's first tokens, in whole chunks.
   *
   * @param read gives those of the tokens from one up to another; asked for what is not there yet
   */
  add(tokens: Int32Array, layout: BlockLayout, read: (from: number, end: number) => Float32Array): void {
    const path: { key: string; chunk: Chunk }[] = [];
    let [parent, from, bytes] = [rootOf(layout), 0, 0];
    for (const end of chunkEnds(tokens.length, layout)) {
      const key = keyOf(parent, tokens.subarray(from, end));
      const chunk = this.#chunks.get(key) ?? { id: this.#nextId++, values: read(from, end) };
      bytes += chunk.values.byteLength;
      if (bytes > this.#maxBytes) break;
      path.push({ key, chunk });
      [parent, from] = [String(chunk.id), end];
    }
    this.#use(path);
    for (const [key, { values }] of this.#chunks) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#chunks.delete(key);
      this.#bytes -= values.byteLength;
    }
  }

  /** Puts chunks to the end of the order, the first of them last: none is given up before those that go on from it. */
  #use(path: readonly { key: string; chunk: Chunk }[]): void {
    for (const { key, chunk } of path.toReversed()) {
      if (!this.#chunks.delete(key)) this.#bytes += chunk.values.byteLength;
      this.#chunks.set(key, chunk);
    }
  }
}

function rootOf({ blockLength, before }: BlockLayout): string {
  return `${blockLength}/${before}`;
}

function keyOf(parent: string, tokens: Int32Array): string {
  return `${parent}:${tokens.join()}`;
}

/** How many tokens the first chunks hold together, for as many chunks as there are tokens. */
function chunkEnds(length: number, { blockLength, before }: BlockLayout): number[] {
  const columns = Math.ceil(CHUNK / blockLength) * blockLength;
  return Array.from({ length: Math.floor((length + before) / columns) }, (_, i) => (i + 1) * columns - before);
}
