import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toJavaScriptPattern } from "./onig-pattern.ts";
import { QWEN_PATTERN } from "./pre-tokenizer.ts";
import { type SplitRule, splitWords } from "./split-words.ts";

const rule = (source: string, isTrusted = true): SplitRule => ({
  source,
  pattern: toJavaScriptPattern(source),
  behavior: "Isolated",
  invert: false,
  isTrusted,
});
const split = (text: string, pattern = QWEN_PATTERN): string[] => splitWords(text, [rule(pattern)]);

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

  it("stops a pattern that backtracks without bound, and continues", () => {
    const rules = [rule(String.raw`(a+)+$`, false)];
    const started = performance.now();
    expect(() => splitWords(`${"a".repeat(40)}!`, rules)).toThrow(
      `text must be such as the tokenizer's split pattern "(a+)+$" cuts within 2001 ms, got "${"a".repeat(40)}!". The pattern tries the same characters again and again.`,
    );
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(splitWords("aab", rules)).toEqual(["aab"]);
    expect(splitWords("baa", rules)).toEqual(["b", "aa"]);
  });
});

describe("toJavaScriptPattern", () => {
  it.each([
    ["(?s:.)", "the group (?s:. is not supported"],
    [String.raw`[\S]`, String.raw`\S is not supported`],
    ["[a&&b]", "an intersection of classes is not supported"],
    ["[a[b]]", "a class within a class is not supported"],
    ["(", "a group is not closed"],
    ["a)", "a ) closes nothing"],
    ["+", "+ has nothing to repeat"],
    ["a**", "the quantifier ** is not supported"],
    ["[]", "a class is empty"],
    ["[a", "a class is not closed"],
    ["[b-a]", "Range out of order in character class"],
    [String.raw`(a)\1`, String.raw`\1 is not supported`],
    [String.raw`\p{Nope}`, String.raw`\p{Nope} is not supported`],
    [String.raw`\X`, String.raw`\X is not supported`],
    ["(?i:ss)", '"ss" is not supported with case ignored'],
    ["(?i:[a-z])", "a case-insensitive range of characters is not supported"],
    ["a".repeat(10_001), "it has 10001 characters, more than 10000"],
    ["(?:".repeat(60) + "a" + ")".repeat(60), "its groups are nested more than 50 deep"],
    ["(?:(?:a{100}){100}){100}", "its counts repeat something more than 1000 times"],
  ])("names what it does not translate: %s", (pattern, problem) => {
    expect(() => toJavaScriptPattern(pattern)).toThrow(problem);
  });
});
