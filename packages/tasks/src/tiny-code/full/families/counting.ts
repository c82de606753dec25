// Counting: a dict of how often each value occurs, and what it tells.
import { type Choice, choice, present, type Value } from "../choice.ts";
import type { Family, Look } from "../family.ts";
import { bodyOf, subjectOf } from "../list-body.ts";
import { listSlots } from "./lists.ts";

type Counts = ReadonlyMap<number, number>;

const outcome = (name: string, constant: number | undefined, phrases: string[], python: string, of: (counts: Counts) => Value): Choice =>
  choice(
    name,
    constant,
    phrases,
    () => python,
    (xs: readonly number[]) => {
      const counts = new Map<number, number>();
      for (const x of xs) counts.set(x, (counts.get(x) ?? 0) + 1);
      return of(counts);
    },
  );

/** A dict in the order of its keys: Python's comparison does not see the order. */
const dictOf = (counts: Counts): Value => ({ dict: [...counts].toSorted(([a], [b]) => a - b) });
const largest = (counts: Counts): number => Math.max(0, ...counts.values());
const keysWhere = (counts: Counts, keeps: (count: number) => boolean): number[] => [...counts].filter(([, count]) => keeps(count)).map(([x]) => x);

const outcomes = [
  outcome("counts", undefined, ["a dict from each value to how often it occurs", "a dict with the count of each value"], "counts", dictOf),
  ...[2, 3].map((k) =>
    outcome(
      "at least",
      k,
      [`the list of values that occur at least ${k} times`, `the values with a count of ${k} or more`],
      `[v for v in counts if counts[v] >= ${k}]`,
      (counts) => keysWhere(counts, (count) => count >= k),
    ),
  ),
  outcome(
    "once",
    undefined,
    ["the list of values that occur once", "the values without a repeat"],
    "[v for v in counts if counts[v] == 1]",
    (counts) => keysWhere(counts, (count) => count === 1),
  ),
  outcome(
    "number once",
    undefined,
    ["the number of values that occur once", "how many values have no repeat"],
    "list(counts.values()).count(1)",
    (counts) => keysWhere(counts, (count) => count === 1).length,
  ),
  outcome(
    "largest count",
    undefined,
    ["the largest count of a value", "how often the most common value occurs"],
    "max(counts.values(), default=0)",
    largest,
  ),
  outcome(
    "most common",
    undefined,
    ["the most common value, the first of equals, or 0 if there is none", "the first value with the largest count (0 if there is none)"],
    "max(counts, key=counts.get, default=0)",
    (counts) => keysWhere(counts, (count) => count === largest(counts))[0] ?? 0,
  ),
  outcome(
    "repeated dict",
    undefined,
    ["a dict from each value that occurs more than once to its count", "a dict with the counts above one"],
    "{v: c for v, c in counts.items() if c > 1}",
    (counts) => dictOf(new Map([...counts].filter(([, count]) => count > 1))),
  ),
  outcome(
    "pairs",
    undefined,
    ["the number of equal pairs", "in how many ways two equal ones can be picked"],
    "sum(c * (c - 1) // 2 for c in counts.values())",
    (counts) => [...counts.values()].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0),
  ),
];

function countLines(value: string, { style }: Look): string[] {
  if (style === "comprehension") return [`counts = {v: ${value}.count(v) for v in ${value}}`];
  if (style === "generator") return [`counts = dict((v, ${value}.count(v)) for v in ${value})`];
  return ["counts = {}", `for v in ${value}:`, "    counts[v] = counts.get(v, 0) + 1"];
}

const [filters, maps] = listSlots;

export const counting: Family = {
  name: "counting",
  parameters: ["xs"],
  slots: [filters, maps, outcomes],
  elementNames: ["x", "n", "e"],
  tier: (choices) => present(choices).length,
  run: (choices, args) => present(choices).reduce<Value>((value, one) => one.apply(value, args), args[0]!),
  write: ([filter, map, what], { say, look }) => {
    const { lines, value } = bodyOf({ filter, maps: [map], whole: [], look });
    const named =
      value === "xs" || value === look.resultName ? { lines, value } : { lines: [...lines, `${look.resultName} = ${value}`], value: look.resultName };
    return {
      subject: `${say(what!)} among ${subjectOf({ filter, changes: [map] }, { say })}`,
      code: { body: [...named.lines, ...countLines(named.value, look), `return ${what!.python("counts")}`] },
    };
  },
};
