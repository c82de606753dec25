import { fromSymbols } from "./byte-symbols.ts";

/** Bytes of many tokens by id, in one array: 150,000 arrays would take a tenth of a second to make. */
export class TokenBytes {
  /** Those of all tokens, in the order of the ids. */
  readonly bytes: Uint8Array;
  /** Where each token's end. */
  readonly ends: Int32Array;
  /** Ids that are no ordinary tokens, although they have a place here. */
  readonly #hidden: ReadonlySet<number>;

  constructor(bytes: Uint8Array, ends: Int32Array, hidden: ReadonlySet<number> = new Set()) {
    this.bytes = bytes;
    this.ends = ends;
    this.#hidden = hidden;
  }

  /** Of tokens as tokenizer.json writes them. One with other characters cannot be reached from text; Hugging Face's decoder writes it as it is. */
  static fromSymbols(tokens: readonly string[], hidden?: ReadonlySet<number>): TokenBytes {
    const encoder = new TextEncoder();
    const all = tokens.map((token) => fromSymbols(token) ?? encoder.encode(token));
    const ends = new Int32Array(all.length);
    let end = 0;
    for (let id = 0; id < all.length; id++) ends[id] = end += all[id]!.length;
    return new TokenBytes(new Uint8Array(Buffer.concat(all)), ends, hidden);
  }

  /** Number of ids, from 0 on. */
  get length(): number {
    return this.ends.length;
  }

  /** Ids that are no ordinary tokens. */
  get hidden(): Iterable<number> {
    return this.#hidden;
  }

  /** Whether an id is an ordinary token's. */
  has(id: number): boolean {
    return id >= 0 && id < this.ends.length && !this.#hidden.has(id);
  }

  /** Bytes of an ordinary token; `undefined` for another id. */
  get(id: number): Uint8Array | undefined {
    return this.has(id) ? this.bytes.subarray(this.#start(id), this.ends[id]) : undefined;
  }

  /** How many bytes an ordinary token has; `undefined` for another id. */
  lengthOf(id: number): number | undefined {
    return this.has(id) ? this.ends[id]! - this.#start(id) : undefined;
  }

  /** The same without the tokens of these ids. */
  without(ids: Iterable<number>): TokenBytes {
    return new TokenBytes(this.bytes, this.ends, new Set([...this.#hidden, ...ids]));
  }

  #start(id: number): number {
    return id === 0 ? 0 : this.ends[id - 1]!;
  }
}
