import fc from "fast-check";

/** Small regular expressions over a few characters, of one to four bytes. */
export const regexes: fc.Arbitrary<string> = fc.letrec<{ regex: string }>((tie) => ({
  regex: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom("a", "b", "é", "𝒳", ".", String.raw`\d`, String.raw`\s`, "[ab]", "[^a€]", "[0-9b-c]", "", String.raw`\u20AC`),
    fc.tuple(tie("regex"), tie("regex")).map((parts) => parts.join("")),
    fc.tuple(tie("regex"), tie("regex")).map(([one, other]) => `(?:${one}|${other})`),
    fc.tuple(tie("regex"), fc.constantFrom("*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?")).map(([inner, times]) => `(${inner})${times}`),
  ),
})).regex;
