import { Tiktoken } from "@dqbd/tiktoken";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MergeTable } from "./merge-table.ts";
import { mergeWord } from "./merge-word.ts";
import { type MergeTree, reachesEveryToken } from "./tiktoken-rule.ts";
import { TokenBytes } from "./token-bytes.ts";

/** Three bytes, and a token for each pair of earlier ids; bytes that are a token already are left out. */
function treeOf(pairs: readonly (readonly [number, number])[]): MergeTree {
  const tokens = ["a", "b", "c"].map((letter) => new TextEncoder().encode(letter));
  const merges = new MergeTable(pairs.length);
  const parts = new Int32Array(2 * (3 + pairs.length)).fill(-1);
  for (const pair of pairs) {
    const [left, right] = pair.map((id) => id % tokens.length) as [number, number];
    const bytes = Buffer.concat([tokens[left] as Uint8Array, tokens[right] as Uint8Array]);
    if (tokens.some((token) => bytes.equals(token))) continue;
    merges.set(left, right, tokens.length, tokens.length);
    parts.set([left, right], 2 * tokens.length);
    tokens.push(bytes);
  }
  const ends = tokens.map((_, id) => tokens.slice(0, id + 1).reduce((sum, { length }) => sum + length, 0));
  return { tokens: new TokenBytes(Buffer.concat(tokens), Int32Array.from(ends)), merges, parts };
}

const bytesOf = ({ tokens }: MergeTree): Uint8Array[] => Array.from({ length: tokens.length }, (_, id) => tokens.get(id)!);

const pairs = fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 12 });
const idsOf = (bytes: Uint8Array): number[] => Array.from(bytes, (byte) => byte - 97);

describe("reachesEveryToken", () => {
  it("by hand: abc of ab + c is never reached where bc comes first", () => {
    expect(
      reachesEveryToken(
        treeOf([
          [1, 2],
          [0, 1],
          [4, 2],
        ]),
      ),
    ).toBe(false); // bc = 3, ab = 4, abc = ab + c
    expect(
      reachesEveryToken(
        treeOf([
          [1, 2],
          [0, 1],
          [0, 3],
        ]),
      ),
    ).toBe(true); // abc = a + bc
    // aaa of a + aa: the leftmost a + a is joined first, so a | aa never stands there.
    expect(
      reachesEveryToken(
        treeOf([
          [0, 0],
          [0, 3],
        ]),
      ),
    ).toBe(false);
    expect(
      reachesEveryToken(
        treeOf([
          [0, 0],
          [3, 0],
        ]),
      ),
    ).toBe(true);
  });

  it("says what merging the bytes of each token says, for any merges", () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const tree = treeOf(list);
        const merged = bytesOf(tree).every((bytes, id) => {
          const ids = mergeWord(idsOf(bytes), tree.merges);
          return ids.length === 1 && ids[0] === id;
        });
        expect(reachesEveryToken(tree)).toBe(merged);
      }),
      { numRuns: 2000 },
    );
  });

  it("is enough for tiktoken to give Hugging Face's ids, for any word", () => {
    fc.assert(
      fc.property(pairs, fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 40 }), (list, letters) => {
        const tree = treeOf(list);
        fc.pre(reachesEveryToken(tree));
        const ranks = bytesOf(tree)
          .map((bytes, id) => `${Buffer.from(bytes).toString("base64")} ${id}\n`)
          .join("");
        const tiktoken = new Tiktoken(ranks, {}, "(?s).+");
        const word = letters.join("");
        expect([...tiktoken.encode(word, [], [])]).toEqual(mergeWord(idsOf(Buffer.from(word)), tree.merges));
        tiktoken.free();
      }),
      { numRuns: 500 },
    );
  });
});
