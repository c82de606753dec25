// Two arguments: list pipelines over xs in which one operation takes its number from the argument k >= 1 instead of a constant.
import { floorDivide, floorModulo } from "../../floor-division.ts";
import { applyAll, type Choice, choice, countOf } from "../choice.ts";
import type { Family } from "../family.ts";
import { bodyOf, returnOf, subjectOf } from "../list-body.ts";
import { listSlots } from "./lists.ts";

type Args = readonly [xs: readonly number[], k: number];

const filter = (name: string, phrases: string[], python: (x: string) => string, keeps: (x: number, k: number) => boolean): Choice =>
  choice(name, undefined, phrases, python, (xs: readonly number[], [, k]: Args) => xs.filter((x) => keeps(x, k)));

const map = (name: string, phrases: string[], python: (x: string) => string, to: (x: number, k: number) => number): Choice =>
  choice(name, undefined, phrases, python, (xs: readonly number[], [, k]: Args) => xs.map((x) => to(x, k) + 0));

const whole = (
  name: string,
  phrases: string[],
  python: (v: string) => string,
  to: (xs: readonly number[], k: number) => readonly number[] | number | boolean,
): Choice => choice(name, undefined, phrases, python, (xs: readonly number[], [, k]: Args) => to(xs, k));

const rotated = (xs: readonly number[], k: number): number[] => {
  const by = xs.length === 0 ? 0 : k % xs.length;
  return [...xs.slice(by), ...xs.slice(0, by)];
};

const filters = [
  filter(
    "greater than k",
    ["are greater than k", "are above k"],
    (x) => `${x} > k`,
    (x, k) => x > k,
  ),
  filter(
    "less than k",
    ["are less than k", "are below k"],
    (x) => `${x} < k`,
    (x, k) => x < k,
  ),
  filter(
    "at least k",
    ["are at least k", "are k or more"],
    (x) => `${x} >= k`,
    (x, k) => x >= k,
  ),
  filter(
    "not k",
    ["are not k", "differ from k"],
    (x) => `${x} != k`,
    (x, k) => x !== k,
  ),
  filter(
    "multiple of k",
    ["are multiples of k", "are divisible by k"],
    (x) => `${x} % k == 0`,
    (x, k) => x % k === 0,
  ),
];

const maps = [
  map(
    "plus k",
    ["plus k", "increased by k"],
    (x) => `${x} + k`,
    (x, k) => x + k,
  ),
  map(
    "minus k",
    ["minus k", "decreased by k"],
    (x) => `${x} - k`,
    (x, k) => x - k,
  ),
  map(
    "times k",
    ["times k", "multiplied by k"],
    (x) => `${x} * k`,
    (x, k) => x * k,
  ),
  map(
    "divided by k",
    ["divided by k", "floor divided by k"],
    (x) => `${x} // k`,
    (x, k) => floorDivide(x, k),
  ),
  map(
    "modulo k",
    ["modulo k", "reduced modulo k"],
    (x) => `${x} % k`,
    (x, k) => floorModulo(x, k),
  ),
  map(
    "capped at k",
    ["capped at k", "limited to at most k"],
    (x) => `min(${x}, k)`,
    (x, k) => Math.min(x, k),
  ),
  map(
    "raised to k",
    ["raised to at least k", "with k as minimum"],
    (x) => `max(${x}, k)`,
    (x, k) => Math.max(x, k),
  ),
];

const transforms = [
  whole(
    "first k",
    ["cut to the first k", "only the first k"],
    (v) => `${v}[:k]`,
    (xs, k) => xs.slice(0, k),
  ),
  whole(
    "without first k",
    ["without the first k", "after the first k"],
    (v) => `${v}[k:]`,
    (xs, k) => xs.slice(k),
  ),
  whole(
    "last k",
    ["cut to the last k", "only the last k"],
    (v) => `${v}[-k:]`,
    (xs, k) => xs.slice(-k),
  ),
  whole(
    "every kth",
    ["every kth from the first", "in steps of k"],
    (v) => `${v}[::k]`,
    (xs, k) => xs.filter((_, i) => i % k === 0),
  ),
  whole(
    "rotated by k",
    ["rotated left by k", "with the first k moved to the end, cyclically"],
    (v) => `${v}[k % max(len(${v}), 1):] + ${v}[:k % max(len(${v}), 1)]`,
    rotated,
  ),
];

const aggregates = [
  whole(
    "count of k",
    ["how many times k occurs", "the number of times that k occurs"],
    (v) => `${v}.count(k)`,
    (xs, k) => xs.filter((x) => x === k).length,
  ),
  whole(
    "index of k",
    ["the first position of k (-1 if absent)", "where k first occurs (-1 if it does not)"],
    (v) => `${v}.index(k) if k in ${v} else -1`,
    (xs, k) => xs.indexOf(k),
  ),
  whole(
    "contains k",
    ["whether k is one", "whether k occurs"],
    (v) => `k in ${v}`,
    (xs, k) => xs.includes(k),
  ),
  whole(
    "sum of first k",
    ["the sum of the first k", "the total of the first k"],
    (v) => `sum(${v}[:k])`,
    (xs, k) => xs.slice(0, k).reduce((sum, x) => sum + x, 0),
  ),
];

const ofK: ReadonlySet<Choice> = new Set([...filters, ...maps, ...transforms, ...aggregates]);

export const twoArguments: Family = {
  name: "two-arguments",
  parameters: ["xs", "k"],
  slots: [filters, maps, transforms, aggregates].map((own, i) => [...listSlots[i]!, ...own]),
  tier: (choices) => {
    const depth = countOf(choices);
    if (depth === 0 || depth > 3) return undefined;
    return choices.filter((one) => one !== undefined && ofK.has(one)).length === 1 ? depth : undefined;
  },
  run: (choices, args) => applyAll(choices, args[0]!, args),
  write: ([kept, changed, transform, aggregate], pen) => ({
    subject: subjectOf({ filter: kept, changes: [changed, transform], aggregate }, pen),
    code: { body: returnOf(bodyOf({ filter: kept, maps: [changed], whole: [transform, aggregate], look: pen.look })) },
  }),
};
