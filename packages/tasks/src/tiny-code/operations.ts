// The operations of TinyCode: a task is a pipeline over `xs: list[int]` in the fixed order
//   filter -> map -> transform -> aggregate,   each optional.
// Every operation carries its Python, its phrases and its meaning, so that one line here is all there is to know of it.
// JavaScript numbers stand for Python's integers: values stay far below 2^53 for the inputs that tests use.

/** Place of an operation in a pipeline; at most one operation has each. */
export type Slot = "filter" | "map" | "transform" | "aggregate";

/** A step of a pipeline, as Python, as words and as a function. */
export interface Operation {
  /** Its place in a pipeline. */
  slot: Slot;
  /** Name without constants: what splits are made by. */
  name: string;
  /** Name with its constant, unique. */
  key: string;
  /** How a prompt may say it. */
  phrases: readonly string[];
  /** Python: of the element name for filters and maps, of the list's name or expression for the others. */
  python: (name: string) => string;
  /** What it does: a list, or an integer from an aggregate. */
  apply: (xs: readonly number[]) => readonly number[] | number;
}

/** Python's `//` and `%`: rounding toward minus infinity, remainder with the sign of the divisor. */
export const floorDivide = (a: number, b: number): number => Math.floor(a / b);
export const floorModulo = (a: number, b: number): number => a - b * Math.floor(a / b);

const filter = (
  name: string,
  constant: number | undefined,
  phrases: string[],
  python: (x: string) => string,
  keeps: (x: number) => boolean,
): Operation => ({
  slot: "filter",
  name,
  key: constant === undefined ? name : `${name} ${constant}`,
  phrases,
  python,
  apply: (xs) => xs.filter(keeps),
});

const map = (
  name: string,
  constant: number | undefined,
  phrases: string[],
  python: (x: string) => string,
  compute: (x: number) => number,
): Operation => ({
  slot: "map",
  name,
  key: constant === undefined ? name : `${name} ${constant}`,
  phrases,
  python,
  // Adding 0 turns -0, which Python's integers do not have, into 0.
  apply: (xs) => xs.map((x) => compute(x) + 0),
});

const transform = (
  name: string,
  phrases: string[],
  python: (v: string) => string,
  apply: (xs: readonly number[]) => readonly number[],
): Operation => ({
  slot: "transform",
  name,
  key: name,
  phrases,
  python,
  apply,
});

const aggregate = (name: string, phrases: string[], python: (v: string) => string, apply: (xs: readonly number[]) => number): Operation => ({
  slot: "aggregate",
  name,
  key: name,
  phrases,
  python,
  apply: (xs) => apply(xs) + 0,
});

const each = <T>(constants: readonly number[], make: (k: number) => T): T[] => constants.map(make);
const total = (xs: readonly number[]): number => xs.reduce((sum, x) => sum + x, 0);
const largest = (xs: readonly number[]): number => (xs.length === 0 ? 0 : Math.max(...xs));
const smallest = (xs: readonly number[]): number => (xs.length === 0 ? 0 : Math.min(...xs));
const running = (xs: readonly number[], combine: (a: number, b: number) => number): number[] =>
  xs.reduce<number[]>((out, x, i) => [...out, i === 0 ? x : combine(out[i - 1]!, x)], []);

const filters: Operation[] = [
  filter(
    "even",
    undefined,
    ["are even", "are divisible by two"],
    (x) => `${x} % 2 == 0`,
    (x) => x % 2 === 0,
  ),
  filter(
    "odd",
    undefined,
    ["are odd", "are not even"],
    (x) => `${x} % 2 == 1`,
    (x) => x % 2 !== 0,
  ),
  filter(
    "positive",
    undefined,
    ["are positive", "are above zero"],
    (x) => `${x} > 0`,
    (x) => x > 0,
  ),
  filter(
    "negative",
    undefined,
    ["are negative", "are below zero"],
    (x) => `${x} < 0`,
    (x) => x < 0,
  ),
  ...each([2, 3, 5, 7, 10], (k) =>
    filter(
      "greater",
      k,
      [`are greater than ${k}`, `are above ${k}`],
      (x) => `${x} > ${k}`,
      (x) => x > k,
    ),
  ),
  ...each([2, 3, 5, 7, 10], (k) =>
    filter(
      "less",
      k,
      [`are less than ${k}`, `are below ${k}`],
      (x) => `${x} < ${k}`,
      (x) => x < k,
    ),
  ),
  ...each([2, 3, 5, 7, 10], (k) =>
    filter(
      "at least",
      k,
      [`are at least ${k}`, `are ${k} or more`],
      (x) => `${x} >= ${k}`,
      (x) => x >= k,
    ),
  ),
  ...each([3, 4, 5, 7], (k) =>
    filter(
      "multiple",
      k,
      [`are multiples of ${k}`, `are divisible by ${k}`],
      (x) => `${x} % ${k} == 0`,
      (x) => x % k === 0,
    ),
  ),
  ...each([0, 1, 2, 3, 5], (k) =>
    filter(
      "not equal",
      k,
      [`are not ${k}`, `differ from ${k}`],
      (x) => `${x} != ${k}`,
      (x) => x !== k,
    ),
  ),
  ...each([1, 3, 5, 7], (k) =>
    filter(
      "ends in",
      k,
      [`end in ${k}`, `have last digit ${k}`],
      (x) => `abs(${x}) % 10 == ${k}`,
      (x) => Math.abs(x) % 10 === k,
    ),
  ),
];

const maps: Operation[] = [
  map(
    "double",
    undefined,
    ["doubled", "times two"],
    (x) => `${x} * 2`,
    (x) => x * 2,
  ),
  map(
    "square",
    undefined,
    ["squared", "multiplied by themselves"],
    (x) => `${x} * ${x}`,
    (x) => x * x,
  ),
  map(
    "negate",
    undefined,
    ["negated", "with the sign flipped"],
    (x) => `-${x}`,
    (x) => -x,
  ),
  map("absolute", undefined, ["as absolute values", "without their sign"], (x) => `abs(${x})`, Math.abs),
  map(
    "last digit",
    undefined,
    ["reduced to the last digit", "as their last digit"],
    (x) => `abs(${x}) % 10`,
    (x) => Math.abs(x) % 10,
  ),
  ...each([1, 2, 3, 5, 10], (k) =>
    map(
      "add",
      k,
      [`plus ${k}`, `increased by ${k}`],
      (x) => `${x} + ${k}`,
      (x) => x + k,
    ),
  ),
  ...each([1, 2, 3, 5, 10], (k) =>
    map(
      "subtract",
      k,
      [`minus ${k}`, `decreased by ${k}`],
      (x) => `${x} - ${k}`,
      (x) => x - k,
    ),
  ),
  ...each([3, 4, 5, 10], (k) =>
    map(
      "multiply",
      k,
      [`times ${k}`, `multiplied by ${k}`],
      (x) => `${x} * ${k}`,
      (x) => x * k,
    ),
  ),
  ...each([2, 3, 5], (k) =>
    map(
      "divide",
      k,
      [`divided by ${k}`, `floor divided by ${k}`],
      (x) => `${x} // ${k}`,
      (x) => floorDivide(x, k),
    ),
  ),
  ...each([2, 3, 5, 7], (k) =>
    map(
      "modulo",
      k,
      [`modulo ${k}`, `reduced modulo ${k}`],
      (x) => `${x} % ${k}`,
      (x) => floorModulo(x, k),
    ),
  ),
  ...each([3, 5, 10], (k) =>
    map(
      "cap",
      k,
      [`capped at ${k}`, `limited to at most ${k}`],
      (x) => `min(${x}, ${k})`,
      (x) => Math.min(x, k),
    ),
  ),
  ...each([0, 3, 5], (k) =>
    map(
      "floor",
      k,
      [`raised to at least ${k}`, `with ${k} as minimum`],
      (x) => `max(${x}, ${k})`,
      (x) => Math.max(x, k),
    ),
  ),
];

const transforms: Operation[] = [
  transform(
    "reversed",
    ["in reverse order", "reversed"],
    (v) => `${v}[::-1]`,
    (xs) => xs.toReversed(),
  ),
  transform(
    "sorted",
    ["sorted", "in ascending order"],
    (v) => `sorted(${v})`,
    (xs) => xs.toSorted((a, b) => a - b),
  ),
  transform(
    "descending",
    ["sorted from the largest", "in descending order"],
    (v) => `sorted(${v}, reverse=True)`,
    (xs) => xs.toSorted((a, b) => b - a),
  ),
  transform(
    "distinct",
    ["without repeats", "each value once"],
    (v) => `list(dict.fromkeys(${v}))`,
    (xs) => [...new Set(xs)],
  ),
  transform(
    "running totals",
    ["as running totals", "accumulated"],
    (v) => `[sum(${v}[:i + 1]) for i in range(len(${v}))]`,
    (xs) => running(xs, (a, b) => a + b),
  ),
  transform(
    "differences",
    ["as differences of neighbours", "as steps between neighbours"],
    (v) => `[b - a for a, b in zip(${v}, ${v}[1:])]`,
    (xs) => xs.slice(1).map((x, i) => x - xs[i]!),
  ),
  transform(
    "even positions",
    ["at even positions", "every second from the first"],
    (v) => `${v}[::2]`,
    (xs) => xs.filter((_, i) => i % 2 === 0),
  ),
  transform(
    "odd positions",
    ["at odd positions", "every second from the second"],
    (v) => `${v}[1::2]`,
    (xs) => xs.filter((_, i) => i % 2 === 1),
  ),
  transform(
    "tail",
    ["without the first", "after the first"],
    (v) => `${v}[1:]`,
    (xs) => xs.slice(1),
  ),
  transform(
    "init",
    ["without the last", "before the last"],
    (v) => `${v}[:-1]`,
    (xs) => xs.slice(0, -1),
  ),
  transform(
    "running maximum",
    ["as running maximum", "as the largest so far"],
    (v) => `[max(${v}[:i + 1]) for i in range(len(${v}))]`,
    (xs) => running(xs, Math.max),
  ),
];

const aggregates: Operation[] = [
  aggregate("sum", ["the sum", "the total"], (v) => `sum(${v})`, total),
  aggregate(
    "count",
    ["the count", "the number"],
    (v) => `len(${v})`,
    (xs) => xs.length,
  ),
  aggregate("maximum", ["the maximum", "the largest"], (v) => `max(${v}, default=0)`, largest),
  aggregate("minimum", ["the minimum", "the smallest"], (v) => `min(${v}, default=0)`, smallest),
  aggregate(
    "number distinct",
    ["the number of distinct values", "the count of different values"],
    (v) => `len(set(${v}))`,
    (xs) => new Set(xs).size,
  ),
  aggregate(
    "range",
    ["the range", "the spread"],
    (v) => `max(${v}, default=0) - min(${v}, default=0)`,
    (xs) => largest(xs) - smallest(xs),
  ),
  aggregate(
    "sum of squares",
    ["the sum of squares", "the total of the squares"],
    (v) => `sum(i * i for i in ${v})`,
    (xs) => total(xs.map((x) => x * x)),
  ),
  aggregate(
    "first",
    ["the first", "the first one"],
    (v) => `next(iter(${v}), 0)`,
    (xs) => xs[0] ?? 0,
  ),
  aggregate(
    "last",
    ["the last", "the last one"],
    (v) => `next(reversed(${v}), 0)`,
    (xs) => xs.at(-1) ?? 0,
  ),
  aggregate(
    "alternating sum",
    ["the alternating sum", "the sum with alternating signs"],
    (v) => `sum(${v}[::2]) - sum(${v}[1::2])`,
    (xs) => total(xs.map((x, i) => (i % 2 === 0 ? x : -x))),
  ),
  aggregate(
    "mean",
    ["the floor of the mean", "the mean rounded down"],
    (v) => `sum(${v}) // max(len(${v}), 1)`,
    (xs) => floorDivide(total(xs), Math.max(xs.length, 1)),
  ),
];

/** All operations by slot, in the order of the pipeline. */
export const operations: Readonly<Record<Slot, readonly Operation[]>> = { filter: filters, map: maps, transform: transforms, aggregate: aggregates };

export const slots: readonly Slot[] = ["filter", "map", "transform", "aggregate"];
