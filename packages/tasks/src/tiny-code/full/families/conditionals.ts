// Conditionals: one value if xs meets a condition, else the result of a list pipeline.
import { applyAll, type Choice, choice, countOf, type Value } from "../choice.ts";
import type { Family } from "../family.ts";
import { bodyOf, returnOf, subjectOf } from "../list-body.ts";
import { listSlots } from "./lists.ts";

const condition = (
  name: string,
  constant: number | undefined,
  phrases: string[],
  python: string,
  holds: (xs: readonly number[]) => boolean,
): Choice => choice(name, constant, phrases, () => python, holds);

const total = (xs: readonly number[]): number => xs.reduce((sum, x) => sum + x, 0);

const conditions = [
  condition("empty", undefined, ["xs is empty", "there are no elements"], "not xs", (xs) => xs.length === 0),
  ...[3, 5].map((k) => condition("longer", k, [`xs has more than ${k} elements`, `xs is longer than ${k}`], `len(xs) > ${k}`, (xs) => xs.length > k)),
  ...[0, 3, 7].map((k) => condition("contains", k, [`${k} is in xs`, `xs contains ${k}`], `${k} in xs`, (xs) => xs.includes(k))),
  condition("negative sum", undefined, ["the sum of xs is negative", "xs adds up to less than zero"], "sum(xs) < 0", (xs) => total(xs) < 0),
  condition("even sum", undefined, ["the sum of xs is even", "xs adds up to an even number"], "sum(xs) % 2 == 0", (xs) => total(xs) % 2 === 0),
  condition("large", 10, ["an element of xs is above 10", "the largest of xs is above 10"], "max(xs, default=0) > 10", (xs) =>
    xs.some((x) => x > 10),
  ),
  condition("repeats", undefined, ["an element of xs is repeated", "xs has repeats"], "len(set(xs)) < len(xs)", (xs) => new Set(xs).size < xs.length),
];

/** What is returned instead: a number in place of a number, a list in place of a list. */
const instead = [
  {
    ...choice(
      "minus one",
      undefined,
      [],
      () => "-1",
      () => -1,
    ),
    list: { python: "[]", value: [] as Value, phrase: "an empty list" },
    phrase: "-1",
  },
  {
    ...choice(
      "length",
      undefined,
      [],
      () => "len(xs)",
      (xs: readonly number[]) => xs.length,
    ),
    list: { python: "xs", value: undefined, phrase: "xs as it is" },
    phrase: "the length of xs",
  },
];

export const conditionals: Family = {
  name: "conditionals",
  parameters: ["xs"],
  slots: [conditions, instead, ...listSlots],
  // The body has one operation, or two of which the last makes a number.
  tier: (choices) => {
    const depth = countOf(choices, 2);
    return depth === 1 ? 3 : depth === 2 && choices[5] !== undefined ? 4 : undefined;
  },
  run: ([when, other, ...body], args) => {
    const xs = args[0]!;
    if (when!.apply(xs, args) === false) return applyAll(body, xs, args);
    return body[3] === undefined ? ((other as (typeof instead)[number]).list.value ?? xs) : other!.apply(xs, args);
  },
  write: ([when, other, filter, map, transform, aggregate], pen) => {
    const { list, phrase, python } = other as (typeof instead)[number];
    const otherwise = subjectOf({ filter, changes: [map, transform], aggregate }, pen);
    const setup = [`if ${when!.python("xs")}:`, `    return ${aggregate === undefined ? list.python : python("xs")}`];
    return {
      subject: `${aggregate === undefined ? list.phrase : phrase} if ${pen.say(when!)}, otherwise ${otherwise}`,
      code: { body: returnOf(bodyOf({ setup, filter, maps: [map], whole: [transform, aggregate], look: pen.look })) },
    };
  },
};
