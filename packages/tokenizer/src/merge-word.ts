// Byte-pair merging of one word of n bytes in O(n log n), as Hugging Face's BPE does it:
//   while there are neighbours that a merge joins: join those whose merge comes first in the file, of equal ones the leftmost.
// tiktoken's rule differs: it joins any neighbours whose bytes are a token, by the token's id.
import type { MergeTable } from "./merge-table.ts";

/** Ids of the tokens that a word is merged into. */
export function mergeWord(start: ArrayLike<number>, merges: MergeTable): number[] {
  const length = start.length;
  const ids = Int32Array.from(start);
  const next = Int32Array.from(ids, (_, i) => i + 1);
  const previous = Int32Array.from(ids, (_, i) => i - 1);
  const isGone = new Uint8Array(length);
  const candidates = new NumberHeap();
  const propose = (left: number): void => {
    const right = left < 0 ? length : next[left]!;
    if (right >= length) return;
    const place = merges.find(ids[left]!, ids[right]!);
    if (place >= 0) candidates.push(merges.rankAt(place) * positions + left);
  };
  for (let i = 0; i < length - 1; i++) propose(i);

  while (candidates.size > 0) {
    const key = candidates.pop();
    const left = key % positions;
    const right = isGone[left] === 1 ? length : next[left]!;
    if (right >= length) continue;
    // One of the two may have been joined with another since.
    const place = merges.find(ids[left]!, ids[right]!);
    if (place < 0 || merges.rankAt(place) !== (key - left) / positions) continue;
    ids[left] = merges.joinedAt(place);
    isGone[right] = 1;
    const after = next[right]!;
    next[left] = after;
    if (after < length) previous[after] = left;
    propose(previous[left]!);
    propose(left);
  }
  const result: number[] = [];
  for (let i = 0; i < length; i = next[i]!) result.push(ids[i]!);
  return result;
}

/** More than a word has bytes; times a rank below 2^24 it is still an exact number. */
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
      if (items[parent]! <= item) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): number {
    const items = this.#items;
    const top = items[0]!;
    const last = items.pop()!;
    const size = items.length;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && items[child + 1]! < items[child]!) child++;
      if (items[child]! >= last) break;
      items[at] = items[child]!;
      at = child;
    }
    if (size > 0) items[at] = last;
    return top;
  }
}
