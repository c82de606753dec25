// Operations that keep some of the elements.
import { each, type Operation } from "./operation.ts";

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

export const filters: Operation[] = [
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
