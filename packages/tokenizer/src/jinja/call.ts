// How filters, tests and methods are called, and what they read from a call.
import type { Budget } from "./budget.ts";
import { Text } from "./text.ts";
import { isNumber, type List, numberOf, TemplateError, typeName, type Value } from "./values.ts";

/** What a filter or a method is called with. */
export interface Call {
  args: List;
  named: ReadonlyMap<string, Value>;
  budget: Budget;
}

/** A filter, or another function that a template names: it gets the value before the bar first. */
export type Builtin = (value: Value, call: Call) => Value;

export const argument = ({ args, named }: Call, place: number, name: string): Value => (args.length > place ? args[place] : named.get(name));

export function integer(value: Value, otherwise: number): number {
  if (value === undefined || value === null) return otherwise;
  if (!isNumber(value)) throw new TemplateError(`expected a number, got ${typeName(value)}`);
  return Math.trunc(numberOf(value));
}

export function string(value: Value): Text {
  if (!(value instanceof Text)) throw new TemplateError(`expected a string, got ${typeName(value)}`);
  return value;
}

/** The characters that a `strip` removes; white space by default. */
export function charactersOf({ args }: Call): string | undefined {
  return args[0] === undefined || args[0] === null ? undefined : string(args[0]).value;
}
