// What the rows of a session take from a prefix cache when they begin, and leave there when they end.
import type { CacheRoom } from "./cache-room.ts";
import type { BlockLayout, PrefixCache } from "./prefix-cache.ts";
import { realColumns, type RowMemory, type RowQuestion } from "./row-plan.ts";

interface RowPrefixesOptions {
  prefixes: PrefixCache;
  room: CacheRoom;
  blockLength: number;
}

export class RowPrefixes {
  readonly #options: RowPrefixesOptions;
  /** By the row of the session: the column of its first token, its blocks, and the weights that it began with. */
  readonly #rows = new Map<number, { first: number; layout: BlockLayout; weights: number }>();

  constructor(options: RowPrefixesOptions) {
    this.#options = options;
  }

  /** Gives a row that has not been computed yet the keys and values of its first tokens, as far as they are kept. */
  begin(slot: number, memory: RowMemory, question: RowQuestion, weights: number): void {
    const { prefixes, room, blockLength } = this.#options;
    const { ids, attentionMask, blockOrigin = 0 } = question;
    const [first, behind] = realColumns(question);
    // Hidden tokens move the positions of those behind them.
    if (attentionMask?.subarray(first, behind).includes(0) === true) return;
    const layout = { blockLength, before: (((first - blockOrigin) % blockLength) + blockLength) % blockLength };
    let column = first;
    for (const { values, length } of prefixes.find(ids.subarray(first, behind), layout)) {
      room.write(slot, column, values);
      memory.tokens.set(ids.subarray(column, column + length), column);
      column += length;
    }
    this.#rows.set(slot, { first, layout, weights });
  }

  /** Keeps what a row computed before the block that it decoded last, whose tokens were still changing. */
  end(slot: number, memory: RowMemory, weights: number): void {
    const { prefixes, room } = this.#options;
    const row = this.#rows.get(slot);
    this.#rows.delete(slot);
    if (row === undefined || row.weights !== weights) return;
    const { first, layout } = row;
    const done = memory.tokens.subarray(first, Math.max(first, memory.firstAsked));
    const unknown = done.indexOf(-1);
    prefixes.add(unknown === -1 ? done : done.subarray(0, unknown), layout, (from, end) => room.read(slot, first + from, first + end));
  }

  clear(): void {
    this.#rows.clear();
  }
}
