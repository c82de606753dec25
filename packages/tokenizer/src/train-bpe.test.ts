import { InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromSymbols, toSymbols } from "./byte-symbols.ts";
import { trainBpe } from "./train-bpe.ts";

describe("trainBpe", () => {
  it("joins the most frequent pair first, worked by hand", () => {
    // Words: aab (twice), aa (once), b (once): a a occurs three times, then aa b twice, and then no pair does.
    const { model } = trainBpe({ texts: ["aab", "aab", "aa", "b"], vocabSize: 300, specialTokens: [], pattern: String.raw`\w+` });
    expect(model.merges).toEqual([
      ["a", "a"],
      ["aa", "b"],
    ]);
    expect(model.vocab["aa"]).toBe(256);
    expect(model.vocab["aab"]).toBe(257);
  });

  it("does not merge across words", () => {
    const { model } = trainBpe({ texts: ["ab cd ".repeat(9)], vocabSize: 300, specialTokens: [] });
    const space = toSymbols(new TextEncoder().encode(" "));
    for (const token of Object.keys(model.vocab)) expect(token.slice(1)).not.toContain(space);
  });

  it("breaks ties by the lower ids, so that texts alone decide", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 8 }), (texts) => {
        const train = () => trainBpe({ texts, vocabSize: 270, specialTokens: ["<|x|>"] });
        expect(train()).toEqual(train());
      }),
    );
    expect(trainBpe({ texts: ["ba", "ba", "ab", "ab"], vocabSize: 257, specialTokens: [], pattern: String.raw`\w+` }).model.merges).toEqual([
      ["a", "b"],
    ]);
  });

  it("places special tokens behind the last merge", () => {
    const { added_tokens: added, model } = trainBpe({ texts: ["aa aa"], vocabSize: 300, specialTokens: ["<|x|>", "<|y|>"] });
    const size = Object.keys(model.vocab).length;
    expect(added.map(({ id, content }) => [id, content])).toEqual([
      [size, "<|x|>"],
      [size + 1, "<|y|>"],
    ]);
  });

  it("wants room for every byte", () => {
    expect(() => trainBpe({ texts: [], vocabSize: 255, specialTokens: [] })).toThrow(InvalidArgumentError);
  });
});

describe("byte symbols", () => {
  it("are GPT-2's: a printable character for each byte, and back", () => {
    expect(toSymbols(new TextEncoder().encode("a b\n"))).toBe("aĠbĊ");
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect([...(fromSymbols(toSymbols(bytes)) ?? [])]).toEqual([...bytes]);
      }),
    );
    expect(fromSymbols("a b")).toBeUndefined();
  });
});
