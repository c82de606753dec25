// Operations that make one integer.
import { floorDivide } from "./floor-division.ts";
import type { Operation } from "./operation.ts";

const aggregate = (name: string, phrases: string[], python: (v: string) => string, apply: (xs: readonly number[]) => number): Operation => ({
  slot: "aggregate",
  name,
  key: name,
  phrases,
  python,
  apply: (xs) => apply(xs) + 0,
});

const total = (xs: readonly number[]): number => xs.reduce((sum, x) => sum + x, 0);
const largest = (xs: readonly number[]): number => (xs.length === 0 ? 0 : Math.max(...xs));
const smallest = (xs: readonly number[]): number => (xs.length === 0 ? 0 : Math.min(...xs));

export const aggregates: Operation[] = [
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
