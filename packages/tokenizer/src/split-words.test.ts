import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitWords, toJavaScriptPattern } from "./split-words.ts";
import { QWEN_PATTERN } from "./tokenizer-folder.ts";

const split = (text: string, pattern = QWEN_PATTERN): string[] => splitWords(text, toJavaScriptPattern(pattern) as RegExp);

describe("splitWords", () => {
  it("cuts as Qwen's pattern says, by hand", () => {
    expect(split("def f(x1):\r\n    return 'it''s  42'\n\n")).toEqual("def| f|(x|1|):\r\n|   | return| '|it|''|s| | |4|2|'\n\n".split("|"));
    expect(split("we'LL don't")).toEqual(["we", "'LL", " don", "'t"]);
    expect(split("   x")).toEqual(["  ", " x"]);
  });

  it("knows the case of a long s, as Unicode folds it", () => {
    expect(split("it'\u017fx")).toEqual(["it", "'\u017f", "x"]);
  });

  it("counts NEL as a space and a byte order mark as none, as Rust and Oniguruma do", () => {
    expect(split("a\u0085 b")).toEqual(["a", "\u0085", " b"]);
    expect(split("a \uFEFFb")).toEqual(["a", " \uFEFF", "b"]);
    expect(split("!\uFEFF?")).toEqual(["!\uFEFF?"]);
  });

  it("loses nothing: what the pattern leaves out is a word too", () => {
    expect(split("a1b22", String.raw`\d+`)).toEqual(["a", "1", "b", "22"]);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(split(text).join("")).toBe(text);
        expect(split(text, String.raw`\p{N}+| ?x*`).join("")).toBe(text);
      }),
    );
  });

  it("is not made of patterns with other forms", () => {
    for (const pattern of [String.raw`\p{L}++`, String.raw`[\S]`, "(?s:.)", "[a&&b]", "("]) expect(toJavaScriptPattern(pattern)).toBeUndefined();
  });
});
