// Operations that change each element.
import { floorDivide, floorModulo } from "./floor-division.ts";
import { each, type Operation } from "./operation.ts";

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

export const maps: Operation[] = [
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
