// Operations that make another list.
import type { Operation } from "./operation.ts";

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

const running = (xs: readonly number[], combine: (a: number, b: number) => number): number[] =>
  xs.reduce<number[]>((out, x, i) => [...out, i === 0 ? x : combine(out[i - 1]!, x)], []);

export const transforms: Operation[] = [
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
