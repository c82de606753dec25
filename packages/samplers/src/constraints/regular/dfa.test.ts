import { InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Dfa, dfaOf } from "./dfa.ts";
import { parseRegex } from "./parse-regex.ts";
import { regexes } from "./regex.fixture.ts";

function compiled(pattern: string, anywhere = false): Dfa {
  const work = dfaOf(parseRegex(pattern, { argument: "pattern", anywhere }), "pattern");
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

function matches({ next, accepts, classOf, classCount }: Dfa, text: string): boolean {
  let state = 0;
  for (const byte of new TextEncoder().encode(text)) if (state !== -1) state = next[state * classCount + classOf[byte]!]!;
  return state !== -1 && accepts[state] === 1;
}

describe("an automaton of a regular expression", () => {
  it("accepts what JavaScript's expression matches as a whole", () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c", "0", "1", " ", "\n", "é", "€", "𝒳", "-"), maxLength: 6 }), {
      minLength: 8,
      maxLength: 8,
    });
    fc.assert(
      fc.property(regexes, texts, (pattern, some) => {
        const dfa = compiled(pattern);
        const wanted = new RegExp(`^(?:${pattern})$`, "us");
        for (const text of some) expect([pattern, text, matches(dfa, text)]).toEqual([pattern, text, wanted.test(text)]);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it.each([
    [String.raw`\d{2,3}-[^a-c\d]x*?`, ["12-d", "123-exx", "1-d", "12-a"]],
    [String.raw`(?<year>\d{4})|(?:\u0061\x62\u{1F600})\.`, ["2024", "ab😀.", "ab😀x"]],
    [String.raw`^a|b$|^$`, ["a", "b", "", "ab"]],
    [String.raw`[\w.\-]+@[\]^a-]?`, ["x.y-@", "_@a", "x@-", "x@]", "@b"]],
    [String.raw`(a|b){0}c{2,}`, ["cc", "ccc", "c", "acc"]],
  ])("reads %s as JavaScript does", (pattern, texts) => {
    const dfa = compiled(pattern);
    const wanted = new RegExp(`^(?:${pattern})$`, "us");
    for (const text of texts) expect([text, matches(dfa, text)]).toEqual([text, wanted.test(text)]);
  });

  it("finds a pattern anywhere, but for its anchors, if that is asked for", () => {
    for (const pattern of ["b+", "^b", "b$", "^b$", "a|^b$"]) {
      const dfa = compiled(pattern, true);
      for (const text of ["b", "abc", "bc", "ab", "c"])
        expect([pattern, text, matches(dfa, text)]).toEqual([pattern, text, new RegExp(pattern, "us").test(text)]);
    }
  });

  it("is the smallest", () => {
    expect(compiled("abc|abd|aec|aed").accepts).toHaveLength(4);
    expect(compiled("(a|b)*abb").accepts).toHaveLength(4);
    expect(compiled("(a*)*|a+|(aa?)*").accepts).toHaveLength(1);
    expect(compiled(".*").accepts).toHaveLength(8); // the characters of UTF-8
    expect(compiled("[^\\s\\S]").accepts).toEqual(Uint8Array.of(0)); // no text
  });

  it.each(["(a|b)*a(a|b){30}", "((a{0,100}){0,100}){0,100}", "(x+x+)+y(a?){3000}a{3000}", "(?:[ab]{1,9999}c?){9999}"])(
    "refuses %s, which explodes, soon",
    (pattern) => {
      const before = process.cpuUsage();
      expect(() => compiled(pattern)).toThrow(
        new InvalidArgumentError({
          argument: "pattern",
          value: "one with too many states",
          expected: "smaller",
          wayOut: "Lower its bounds of repetition, and what is repeated inside of repetitions.",
        }),
      );
      expect(process.cpuUsage(before).user / 1e6).toBeLessThan(5);
    },
  );

  it.each([
    ["a(b", "at character 2, the group is not closed"],
    ["ab)", 'at character 3, ")" closes no group'],
    ["[a-", "at character 1, the class is not closed"],
    ["a**", "at character 3, a repetition is repeated; put the inner one into a group"],
    ["*a", 'at character 1, "*" has nothing to repeat'],
    ["a{3,2}", "at character 2, {3,2} has its bounds the wrong way round"],
    ["a{99999}", "at character 2, a repetition may ask for at most 10000"],
    ["a{x", 'at character 2, "{" begins no {n}, {n,} or {n,m}; write \\{ for the character'],
    ["(?=a)b", "at character 1, look-around and flags in groups are not supported"],
    ["(?<!a)b", "at character 1, look-around and flags in groups are not supported"],
    [String.raw`(a)\1`, "at character 4, back references are not regular"],
    [String.raw`\bword`, String.raw`at character 1, \b is not supported`],
    [String.raw`\p{L}`, String.raw`at character 1, \p is not supported`],
    ["a^b", 'at character 2, "^" is not at an end of the expression'],
    ["[z-a]", "at character 5, a range has its ends the wrong way round"],
    ["a\\", "at character 2, a backslash ends the expression"],
    ["\\u12", "at character 1, \\u is without its hexadecimal digits"],
    ["\\ud800", "at character 1, this is no code point of a character"],
  ])("refuses %s", (pattern, problem) => {
    expect(() => compiled(pattern)).toThrow(
      new InvalidArgumentError({ argument: "pattern", value: pattern, expected: `a regular expression that is supported: ${problem}` }),
    );
  });
});
