import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MergeTable } from "./merge-table.ts";
import { mergeWord } from "./merge-word.ts";

type Merge = readonly [left: number, right: number, joined: number];

const tableOf = (merges: readonly Merge[]): MergeTable => {
  const table = new MergeTable(merges.length);
  merges.forEach(([left, right, joined], rank) => table.set(left, right, rank, joined));
  return table;
};

/** The rule as it is said: look for the first merge that joins any neighbours, join the leftmost, begin again. */
const slowly = (word: readonly number[], merges: readonly Merge[]): number[] => {
  const ids = [...word];
  while (true) {
    const counts = (rank: number): boolean =>
      merges.findLastIndex(([left, right]) => left === merges[rank]?.[0] && right === merges[rank]?.[1]) === rank;
    const rank = merges.findIndex(([left, right], i) => counts(i) && ids.some((id, at) => id === left && ids[at + 1] === right));
    if (rank < 0) return ids;
    const [left, right, joined] = merges[rank] as Merge;
    const at = ids.findIndex((id, i) => id === left && ids[i + 1] === right);
    ids.splice(at, 2, joined);
  }
};

describe("mergeWord", () => {
  const [a, b, aa, ab, aaa] = [0, 1, 2, 3, 4];

  it("joins the first merge of the file, and of equal ones the leftmost, by hand", () => {
    // "aab" would need a | ab, which comes after a | a.
    const merges: Merge[] = [
      [a, a, aa],
      [a, b, ab],
      [a, aa, aaa],
      [aa, a, aaa],
    ];
    expect(mergeWord([a, a, b], tableOf(merges))).toEqual([aa, b]);
    expect(mergeWord([a, a, a, a, a], tableOf(merges))).toEqual([aa, aaa]);
    expect(mergeWord([a, a, a], tableOf(merges))).toEqual([aaa]);
    expect(mergeWord([], tableOf(merges))).toEqual([]);
  });

  it("lets the merge decide where several make one token, not its place in the word", () => {
    // aa | a | aa: a | aa comes first in the file, though aa | a stands further left.
    expect(
      mergeWord(
        [aa, a, aa],
        tableOf([
          [a, aa, aaa],
          [aa, a, aaa],
        ]),
      ),
    ).toEqual([aa, aaa]);
    expect(
      mergeWord(
        [aa, a, aa],
        tableOf([
          [aa, a, aaa],
          [a, aa, aaa],
        ]),
      ),
    ).toEqual([aaa, aa]);
  });

  it("gives what the rule says, for any merges and words", () => {
    const id = fc.integer({ min: 0, max: 7 });
    const merge = fc.tuple(id, id, id);
    fc.assert(
      fc.property(fc.array(merge, { maxLength: 12 }), fc.array(id, { maxLength: 24 }), (some, word) => {
        // A token's bytes are longer than its parts': ids rise, as in every vocabulary.
        const merges = some.map(([left, right, joined]): Merge => [left, right, 8 + ((left * 64 + right * 8 + joined) % 16)]);
        const rising = merges.filter(([left, right, joined]) => joined > left && joined > right);
        expect(mergeWord(word, tableOf(rising))).toEqual(slowly(word, rising));
      }),
      { numRuns: 500 },
    );
  });

  it("takes time that hardly grows faster than the word", () => {
    const table = tableOf([
      [a, a, aa],
      [aa, aa, ab],
      [ab, ab, aaa],
    ]);
    expect(mergeWord(new Uint8Array(80_000), table)).toEqual(Array.from({ length: 10_000 }, () => aaa));
  });
});
