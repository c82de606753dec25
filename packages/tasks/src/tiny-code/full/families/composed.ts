// Two families composed: numbers that a text gives go through a list pipeline, and a number that comes out may be looked at once more.
import { applyAll, type Choice, choice, countOf, present } from "../choice.ts";
import type { Family } from "../family.ts";
import { bodyOf, returnOf } from "../list-body.ts";
import { listSlots } from "./lists.ts";

const source = (name: string, phrases: string[], python: string, of: (s: string) => number[]): Choice =>
  choice(name, undefined, phrases, () => python, of);

const sources = [
  source("word lengths", ["the lengths of the words of s", "the word lengths of s"], "[len(w) for w in s.split()]", (s) =>
    s
      .split(" ")
      .filter((word) => word !== "")
      .map((word) => word.length),
  ),
  source("codes", ["the character codes of s", "the code points of the characters of s"], "[ord(c) for c in s]", (s) =>
    s.split("").map((c) => c.charCodeAt(0)),
  ),
  source("digits", ["the digits in s", "the numbers that the digits of s stand for"], "[int(c) for c in s if c.isdigit()]", (s) =>
    (s.match(/\d/g) ?? []).map(Number),
  ),
  source(
    "vowel positions",
    ["the positions of the vowels in s", "the indexes at which s has a vowel"],
    '[i for i, c in enumerate(s) if c in "aeiouAEIOU"]',
    (s) => s.split("").flatMap((c, i) => (/[aeiou]/i.test(c) ? [i] : [])),
  ),
];

const last = (name: string, phrases: string[], python: (v: string) => string, of: (n: number) => number | string | boolean): Choice =>
  choice(name, undefined, phrases, python, of);

const ends = [
  last(
    "digit sum",
    ["the digit sum of", "the sum of the decimal digits of"],
    (v) => `sum(int(c) for c in str(abs(${v})))`,
    (n) =>
      String(Math.abs(n))
        .split("")
        .reduce((sum, c) => sum + Number(c), 0),
  ),
  last(
    "is even",
    ["whether 2 divides", "whether there is no remainder when halving"],
    (v) => `${/^\w+$/.test(v) ? v : `(${v})`} % 2 == 0`,
    (n) => n % 2 === 0,
  ),
  last("as text", ["the decimal text of", "as a string,"], (v) => `str(${v})`, String),
];

export const composed: Family = {
  name: "composed",
  parameters: ["s"],
  slots: [sources, ...listSlots, [undefined, ...ends]],
  // One or two operations on the list; or an aggregate, at most one operation before it, and a look at the number.
  tier: (choices) => {
    const [aggregate, end] = [choices[4], choices[5]];
    const depth = countOf(choices, 1) - Number(end !== undefined);
    if (depth === 0 || depth > 2 || (end !== undefined && aggregate === undefined)) return undefined;
    return depth === 1 && end === undefined ? 4 : 5;
  },
  run: (choices, args) => applyAll(choices, args[0]!, args),
  write: ([from, filter, map, transform, aggregate, end], { say, look }) => {
    const which = filter === undefined ? say(from!) : `those of ${say(from!)} that ${say(filter)}`;
    const how = present([map, transform]).map(say).join(", then ");
    const value = `${aggregate === undefined ? "" : `${say(aggregate)} of `}${which}${how === "" ? "" : `, ${how}`}`;
    return {
      subject: end === undefined ? value : `${say(end)} ${value}`,
      code: { body: returnOf(bodyOf({ source: from!.python("s"), filter, maps: [map], whole: [transform, aggregate, end], look })) },
    };
  },
};
