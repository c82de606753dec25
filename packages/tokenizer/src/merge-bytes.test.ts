import { Tiktoken } from "@dqbd/tiktoken";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteMerger } from "./merge-bytes.ts";
import { toVocabulary } from "./tokenizer-file.ts";
import { trainBpe } from "./train-bpe.ts";

const { tokens } = toVocabulary(
  trainBpe({ texts: ["aaaa abab aab abc cab", "the theme of them", "ññññ €€€ \u{1F600}\u{1F600}", "--------"], vocabSize: 330, specialTokens: [] }),
);
const ranks = tokens.map((bytes, id) => `${Buffer.from(bytes).toString("base64")} ${id}\n`).join("");
/** The whole text is one word. */
const tiktoken = new Tiktoken(ranks, {}, String.raw`[\s\S]+`);
const merger = new ByteMerger(tokens);

describe("ByteMerger", () => {
  it("joins the lowest id first, and of equal ones the leftmost, by hand", () => {
    const small = new ByteMerger([...tokens.slice(0, 256), Buffer.from("ab"), Buffer.from("aa"), Buffer.from("aab")]);
    // a a a b: "ab" (256) before "aa" (257), which leaves a | a | ab, then "aa" | "ab"; "aab" would need a | ab, 258 after 257.
    expect(small.merge(Buffer.from("aaab"))).toEqual([257, 256]);
    expect(small.merge(Buffer.from("aab"))).toEqual([258]);
    expect(small.merge(Buffer.from("aaaaa"))).toEqual([257, 257, 97]);
  });

  it("gives tiktoken's ids for every word", () => {
    const word = fc
      .array(fc.oneof(fc.constantFrom("a", "b", "c", "ab", "aab", "the", "m", "ñ", "€", "\u{1F600}", "-", "\0"), fc.string({ unit: "binary" })), {
        minLength: 1,
        maxLength: 80,
      })
      .map((parts) => parts.join(""))
      .filter((text) => text !== "");
    fc.assert(
      fc.property(word, (text) => {
        expect(merger.merge(Buffer.from(text))).toEqual(Array.from(tiktoken.encode(text, [], [])));
      }),
      { numRuns: 300 },
    );
  });

  it("gives tiktoken's ids for long runs", () => {
    for (const text of ["a".repeat(1501), "ab".repeat(700), "-".repeat(999), "ñ".repeat(500)]) {
      expect(merger.merge(Buffer.from(text))).toEqual(Array.from(tiktoken.encode(text, [], [])));
    }
  });
});
