// The tests of a template, after `is` and in `select` and the like.
import type { Call } from "./call.ts";
import { isIn } from "./containers.ts";
import { isLower, isUpper } from "./strings.ts";
import { Text } from "./text.ts";
import { Callable, compare, Dict, isEqual, isFloat, isNumber, TemplateError, toText, type Value } from "./values.ts";

type Test = (value: Value, call: Call) => boolean;

const isInteger = (value: Value): value is number => typeof value === "number" && Number.isInteger(value);
const order =
  (holds: (difference: number) => boolean): Test =>
  (value, { args }) =>
    holds(compare(value, args[0]));
const equal: Test = (value, { args }) => isEqual(value, args[0]);
const unequal: Test = (value, { args }) => !isEqual(value, args[0]);

const tests: Readonly<Record<string, Test>> = {
  defined: (value) => value !== undefined,
  undefined: (value) => value === undefined,
  none: (value) => value === null,
  true: (value) => value === true,
  false: (value) => value === false,
  boolean: (value) => typeof value === "boolean",
  integer: isInteger,
  float: isFloat,
  number: isNumber,
  string: (value) => value instanceof Text,
  mapping: (value) => value instanceof Dict,
  sequence: (value) => value instanceof Text || Array.isArray(value) || value instanceof Dict,
  iterable: (value) => value instanceof Text || Array.isArray(value) || value instanceof Dict || value === undefined,
  callable: (value) => value instanceof Callable,
  odd: (value) => isInteger(value) && value % 2 !== 0,
  even: (value) => isInteger(value) && value % 2 === 0,
  upper: (value) => isUpper(toText(value)),
  lower: (value) => isLower(toText(value)),
  eq: equal,
  equalto: equal,
  "==": equal,
  ne: unequal,
  "!=": unequal,
  lt: order((difference) => difference < 0),
  lessthan: order((difference) => difference < 0),
  le: order((difference) => difference <= 0),
  gt: order((difference) => difference > 0),
  greaterthan: order((difference) => difference > 0),
  ge: order((difference) => difference >= 0),
  in: (value, { args }) => isIn(value, args[0]),
};

export function testOf(name: string): Test {
  if (!Object.hasOwn(tests, name)) throw new TemplateError(`unknown test ${name}`);
  return tests[name] as Test;
}
