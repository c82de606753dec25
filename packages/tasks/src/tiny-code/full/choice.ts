// What programs of the full TinyCode are put together from. A program is a choice for each slot of its family; each choice carries its Python, its
// phrases and its meaning, so that one line in the list of its slot is all there is to know of it.
import type { Operation } from "../operation.ts";

/** A value of Python; a dict is its pairs, in the order of its keys. JavaScript's numbers stand for Python's integers, far below 2^53. */
export type Value = number | string | boolean | readonly Value[] | Dict;

/** A dict, in the form in which the sandbox reads one. */
export interface Dict {
  readonly dict: readonly (readonly [Value, Value])[];
}

/** One way to fill a slot. */
export interface Choice {
  /** Name without constants: what splits are made by. */
  readonly name: string;
  /** Name with its constant, unique in its slot. */
  readonly key: string;
  /** How a prompt may say it. */
  readonly phrases: readonly string[];
  /** Python: of an element's name for filters and maps, of a value's name or expression for the others. */
  readonly python: (value: string) => string;
  /** What it does to a value; `args` are the arguments of the program. */
  readonly apply: (value: Value, args: readonly Value[]) => Value;
}

/** Ways to fill a slot; `undefined` leaves it empty. */
export type Slot = readonly (Choice | undefined)[];

/** A choice for each slot. */
export type Choices = readonly (Choice | undefined)[];

/** A choice without a constant, or with one. */
export function choice(
  name: string,
  constant: number | string | undefined,
  phrases: readonly string[],
  python: (value: string) => string,
  apply: (value: never, args: never) => Value,
): Choice {
  return { name, key: constant === undefined ? name : `${name} ${constant}`, phrases, python, apply: apply as Choice["apply"] };
}

/** An operation of the list pipelines as a choice. */
export function choiceOf({ name, key, phrases, python, apply }: Operation): Choice {
  return { name, key, phrases, python, apply: apply as Choice["apply"] };
}

/** Those that are there. */
export const present = (choices: Choices): Choice[] => choices.filter((one) => one !== undefined);

/** How many are there, from a slot on. */
export function countOf(choices: Choices, from = 0): number {
  let count = 0;
  for (let i = from; i < choices.length; i++) if (choices[i] !== undefined) count++;
  return count;
}

/** A value after each of the choices that are there, in turn. */
export function applyAll(choices: Choices, start: Value, args: readonly Value[]): Value {
  let value = start;
  for (const one of choices) if (one !== undefined) value = one.apply(value, args);
  return value;
}
