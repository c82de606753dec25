// Strings: characters are kept and changed, then the text as a whole. Texts are ASCII, so that one character is one code unit in both languages.
import { applyAll, type Choice, choice, countOf } from "../choice.ts";
import type { Family } from "../family.ts";
import { bodyOf, returnOf, subjectOf } from "../list-body.ts";

/** Of ASCII text. */
const charsOf = (text: string): string[] => text.split("");

const keep = (name: string, constant: string | undefined, phrases: string[], python: (c: string) => string, keeps: (c: string) => boolean): Choice =>
  choice(name, constant, phrases, python, (text: string) => charsOf(text).filter(keeps).join(""));

const filters = [
  keep(
    "vowels",
    undefined,
    ["are vowels", "are one of a, e, i, o, u"],
    (c) => `${c} in "aeiouAEIOU"`,
    (c) => /[aeiou]/i.test(c),
  ),
  keep(
    "no vowels",
    undefined,
    ["are not vowels", "are none of a, e, i, o, u"],
    (c) => `${c} not in "aeiouAEIOU"`,
    (c) => !/[aeiou]/i.test(c),
  ),
  keep(
    "letters",
    undefined,
    ["are letters", "are alphabetic"],
    (c) => `${c}.isalpha()`,
    (c) => /[a-z]/i.test(c),
  ),
  keep(
    "digits",
    undefined,
    ["are digits", "are numeric"],
    (c) => `${c}.isdigit()`,
    (c) => /\d/.test(c),
  ),
  keep(
    "upper",
    undefined,
    ["are upper case", "are capital letters"],
    (c) => `${c}.isupper()`,
    (c) => /[A-Z]/.test(c),
  ),
  keep(
    "lower",
    undefined,
    ["are lower case", "are small letters"],
    (c) => `${c}.islower()`,
    (c) => /[a-z]/.test(c),
  ),
  ...["a", "e", "s"].map((letter) =>
    keep(
      "is",
      letter,
      [`are "${letter}"`, `equal "${letter}"`],
      (c) => `${c} == "${letter}"`,
      (c) => c === letter,
    ),
  ),
  ...["a", "e", "o", " "].map((letter) =>
    keep(
      "is not",
      letter,
      [`are not "${letter}"`, `differ from "${letter}"`],
      (c) => `${c} != "${letter}"`,
      (c) => c !== letter,
    ),
  ),
  ...["f", "m"].map((letter) =>
    keep(
      "before",
      letter,
      [`come before "${letter}"`, `sort below "${letter}"`],
      (c) => `${c} < "${letter}"`,
      (c) => c < letter,
    ),
  ),
];

const change = (name: string, constant: string | undefined, phrases: string[], python: (c: string) => string, to: (c: string) => string): Choice =>
  choice(name, constant, phrases, python, (text: string) => charsOf(text).map(to).join(""));

const swapped = (c: string): string => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase());

const maps = [
  change(
    "upper case",
    undefined,
    ["in upper case", "as capitals"],
    (c) => `${c}.upper()`,
    (c) => c.toUpperCase(),
  ),
  change(
    "lower case",
    undefined,
    ["in lower case", "as small letters"],
    (c) => `${c}.lower()`,
    (c) => c.toLowerCase(),
  ),
  change("swap case", undefined, ["with the case swapped", "with upper and lower case exchanged"], (c) => `${c}.swapcase()`, swapped),
  change(
    "twice",
    undefined,
    ["each written twice", "each doubled"],
    (c) => `${c} * 2`,
    (c) => c + c,
  ),
  change(
    "masked",
    undefined,
    ["each replaced by a star", "each as a star"],
    () => `"*"`,
    () => "*",
  ),
  ...["-", "."].map((mark) =>
    change(
      "followed",
      mark,
      [`each followed by "${mark}"`, `each with "${mark}" behind it`],
      (c) => `${c} + "${mark}"`,
      (c) => c + mark,
    ),
  ),
  ...["ao", "ei", "st", "lr"].map(([from, to]) =>
    change(
      "replace",
      `${from}${to}`,
      [`with "${from}" replaced by "${to}"`, `with "${to}" for "${from}"`],
      (c) => `"${to}" if ${c} == "${from}" else ${c}`,
      (c) => (c === from ? to! : c),
    ),
  ),
];

const whole = (name: string, constant: number | undefined, phrases: string[], python: (v: string) => string, to: (text: string) => string): Choice =>
  choice(name, constant, phrases, python, to);

const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");

const transforms = [
  whole(
    "reversed",
    undefined,
    ["in reverse order", "reversed"],
    (v) => `${v}[::-1]`,
    (text) => charsOf(text).toReversed().join(""),
  ),
  whole(
    "sorted",
    undefined,
    ["sorted", "in sorted order"],
    (v) => `"".join(sorted(${v}))`,
    (text) =>
      charsOf(text)
        .toSorted((a, b) => a.charCodeAt(0) - b.charCodeAt(0))
        .join(""),
  ),
  whole(
    "distinct",
    undefined,
    ["without repeats", "each once"],
    (v) => `"".join(dict.fromkeys(${v}))`,
    (text) => [...new Set(charsOf(text))].join(""),
  ),
  ...[2, 3, 5].map((k) =>
    whole(
      "first k",
      k,
      [`cut to the first ${k}`, `only the first ${k}`],
      (v) => `${v}[:${k}]`,
      (text) => text.slice(0, k),
    ),
  ),
  ...[1, 2, 3].map((k) =>
    whole(
      "without first k",
      k,
      [`without the first ${k}`, `after the first ${k}`],
      (v) => `${v}[${k}:]`,
      (text) => text.slice(k),
    ),
  ),
  ...[2, 4].map((k) =>
    whole(
      "last k",
      k,
      [`cut to the last ${k}`, `only the last ${k}`],
      (v) => `${v}[-${k}:]`,
      (text) => text.slice(-k),
    ),
  ),
  whole(
    "every second",
    undefined,
    ["at even positions", "every second from the first"],
    (v) => `${v}[::2]`,
    (text) =>
      charsOf(text)
        .filter((_, i) => i % 2 === 0)
        .join(""),
  ),
  whole(
    "words reversed",
    undefined,
    ["with the words in reverse order", "word by word from the last"],
    (v) => `" ".join(${v}.split()[::-1])`,
    (text) => words(text).toReversed().join(" "),
  ),
  whole(
    "mirrored",
    undefined,
    ["followed by its mirror image", "with its reverse behind it"],
    (v) => `${v} + ${v}[::-1]`,
    (text) => text + charsOf(text).toReversed().join(""),
  ),
];

const result = (
  name: string,
  constant: string | undefined,
  phrases: string[],
  python: (v: string) => string,
  of: (text: string) => number | string | boolean | string[],
): Choice => choice(name, constant, phrases, python, of);

const aggregates = [
  result(
    "length",
    undefined,
    ["the length", "the number"],
    (v) => `len(${v})`,
    (text) => text.length,
  ),
  result(
    "number distinct",
    undefined,
    ["the number of different ones", "the count of distinct ones"],
    (v) => `len(set(${v}))`,
    (text) => new Set(charsOf(text)).size,
  ),
  result(
    "number of words",
    undefined,
    ["the number of words", "the word count"],
    (v) => `len(${v}.split())`,
    (text) => words(text).length,
  ),
  result("words", undefined, ["the list of words", "the words as a list"], (v) => `${v}.split()`, words),
  result(
    "longest word",
    undefined,
    ["the length of the longest word", "the largest word length"],
    (v) => `max(map(len, ${v}.split()), default=0)`,
    (text) => Math.max(0, ...words(text).map((word) => word.length)),
  ),
  ...["a", "e", "t"].map((letter) =>
    result(
      "count of",
      letter,
      [`the number of "${letter}"`, `the count of "${letter}"`],
      (v) => `${v}.count("${letter}")`,
      (text) => text.split(letter).length - 1,
    ),
  ),
  ...["a", "o"].map((letter) =>
    result(
      "position of",
      letter,
      [`the first position of "${letter}" (-1 if absent)`, `where "${letter}" first occurs (-1 if it does not)`],
      (v) => `${v}.find("${letter}")`,
      (text) => text.indexOf(letter),
    ),
  ),
  result(
    "palindrome",
    undefined,
    ["whether a palindrome is made", "whether the same is read backwards"],
    (v) => `${v} == ${v}[::-1]`,
    (text) => text === charsOf(text).toReversed().join(""),
  ),
  result(
    "first character",
    undefined,
    ["the first", "the first one"],
    (v) => `${v}[:1]`,
    (text) => text.slice(0, 1),
  ),
  result(
    "largest character",
    undefined,
    ["the largest", "the one that sorts last"],
    (v) => `max(${v}, default="")`,
    (text) => charsOf(text).reduce((most, c) => (c > most ? c : most), ""),
  ),
  result(
    "sum of digits",
    undefined,
    ["the sum of the digits", "the total of the digits"],
    (v) => `sum(int(d) for d in ${v} if d.isdigit())`,
    (text) => (text.match(/\d/g) ?? []).reduce((sum, d) => sum + Number(d), 0),
  ),
];

export const strings: Family = {
  name: "strings",
  parameters: ["s"],
  slots: [
    [undefined, ...filters],
    [undefined, ...maps],
    [undefined, ...transforms],
    [undefined, ...aggregates],
  ],
  elementNames: ["c", "ch", "x"],
  tier: (choices) => {
    const depth = countOf(choices);
    return depth === 0 || depth > 3 ? undefined : depth;
  },
  run: (choices, args) => applyAll(choices, args[0]!, args),
  write: ([filter, map, transform, aggregate], pen) => ({
    subject: subjectOf({ elements: "characters of s", filter, changes: [map, transform], aggregate }, pen),
    code: { body: returnOf(bodyOf({ source: "s", isText: true, filter, maps: [map], whole: [transform, aggregate], look: pen.look })) },
  }),
};
