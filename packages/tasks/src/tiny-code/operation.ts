// A step of a TinyCode pipeline. It carries its Python, its phrases and its meaning, so that one line in the list of its slot is all there is to
// know of it. JavaScript numbers stand for Python's integers: values stay far below 2^53 for the inputs that tests use.

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

/** The same operation with each of several constants. */
export const each = <T>(constants: readonly number[], make: (k: number) => T): T[] => constants.map(make);
