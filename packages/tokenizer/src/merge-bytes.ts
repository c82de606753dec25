// Byte-pair merging of one word of n bytes in O(n log n):
//   while there are neighbours whose joined bytes are a token: join the pair with the lowest id, of equal ones the leftmost.
// tiktoken's rule, which looks through all pairs after each join and so takes O(n^2).

import { TokenIndex } from "./token-index.ts";

/** Joins bytes of long words into tokens. */
export class ByteMerger {
  readonly #tokens: readonly Uint8Array[];
  #index: TokenIndex | undefined;
  /** Id of the joined token for a pair of ids, -1 if there is none. */
  readonly #joined = new Map<number, number>();

  /** @param tokens bytes of each ordinary token, by id */
  constructor(tokens: readonly Uint8Array[]) {
    this.#tokens = tokens;
  }

  /** Ids of the tokens of a word. */
  merge(word: Uint8Array): number[] {
    this.#index ??= new TokenIndex(this.#tokens);
    const whole = this.#index.find(word);
    if (whole >= 0) return [whole];
    const length = word.length;
    const ids = Int32Array.from(word, (_, i) => (this.#index as TokenIndex).find(word.subarray(i, i + 1)));
    const next = Int32Array.from(word, (_, i) => i + 1);
    const previous = Int32Array.from(word, (_, i) => i - 1);
    const isGone = new Uint8Array(length);
    const candidates = new NumberHeap();
    const propose = (left: number): void => {
      const right = left < 0 ? length : (next[left] as number);
      if (right >= length) return;
      const id = this.#join(ids[left] as number, ids[right] as number);
      if (id >= 0) candidates.push(id * positions + left);
    };
    for (let i = 0; i < length - 1; i++) propose(i);

    while (candidates.size > 0) {
      const key = candidates.pop();
      const left = key % positions;
      const id = (key - left) / positions;
      const right = isGone[left] === 1 ? length : (next[left] as number);
      // One of the two may have been joined with another since.
      if (right >= length || this.#join(ids[left] as number, ids[right] as number) !== id) continue;
      ids[left] = id;
      isGone[right] = 1;
      const after = next[right] as number;
      next[left] = after;
      if (after < length) previous[after] = left;
      propose(previous[left] as number);
      propose(left);
    }
    const result: number[] = [];
    for (let i = 0; i < length; i = next[i] as number) result.push(ids[i] as number);
    return result;
  }

  #join(left: number, right: number): number {
    const key = left * 2 ** 24 + right;
    let id = this.#joined.get(key);
    if (id === undefined) {
      id = (this.#index as TokenIndex).findJoined(this.#tokens[left] as Uint8Array, this.#tokens[right] as Uint8Array);
      this.#joined.set(key, id);
    }
    return id;
  }
}

/** More than a word has bytes; times an id below 2^24 it is still an exact number. */
const positions = 2 ** 29;

/** A binary heap; the smallest number comes out first. */
class NumberHeap {
  readonly #items: number[] = [];

  get size(): number {
    return this.#items.length;
  }

  push(item: number): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((items[parent] as number) <= item) break;
      items[at] = items[parent] as number;
      at = parent;
    }
    items[at] = item;
  }

  pop(): number {
    const items = this.#items;
    const top = items[0] as number;
    const last = items.pop() as number;
    const size = items.length;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && (items[child + 1] as number) < (items[child] as number)) child++;
      if ((items[child] as number) >= last) break;
      items[at] = items[child] as number;
      at = child;
    }
    if (size > 0) items[at] = last;
    return top;
  }
}
