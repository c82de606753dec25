// Whether the items of two sets or dicts match in any order. Items are first paired in one order, that of their numbers and then
// of their text, which pairs everything written as Python writes it; the rest by trying. Failed trials are counted: a program must
// not be able to hang the comparison.

/** Budget for trying: characters of items compared in vain, in addition to as many as there are. */
const MOST_TRIED = 1e7;

/** The budget left, shared with sets within sets. */
export interface Trials {
  left: number;
}

export type Same = (got: unknown, expected: unknown, trials?: Trials) => boolean;

interface Item {
  value: unknown;
  number: number;
  text: string;
}

/** The number that an item is or starts with, or NaN. */
function leadingNumber(value: unknown): number {
  if (typeof value === "number" || typeof value === "boolean") return Number(value);
  if (typeof value !== "object" || value === null) return Number.NaN;
  if (Array.isArray(value)) return leadingNumber(value[0]);
  const { float, int, tuple } = value as { float?: string; int?: string; tuple?: unknown[] };
  if (tuple !== undefined) return leadingNumber(tuple[0]);
  return Number((float ?? int ?? "nan").replace("inf", "Infinity"));
}

const inOrder = (values: readonly unknown[]): Item[] =>
  values
    .map((value) => ({ value, number: leadingNumber(value), text: JSON.stringify(value) }))
    .toSorted((a, b) => byNumber(a.number, b.number) || (a.text < b.text ? -1 : Number(a.text > b.text)));

/** NaN sorts after all numbers. */
function byNumber(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : Number(a > b);
}

const lengthOf = (items: readonly Item[]): number => items.reduce((sum, { text }) => sum + text.length, 0);

/**
 * Whether each item has a match among the others.
 *
 * @param trials budget, shared with the sets that contain this one
 * @returns false also if finding out would take too many trials
 */
export function sameUnordered(got: unknown, expected: unknown, same: Same, trials?: Trials): boolean {
  if (!Array.isArray(got) || !Array.isArray(expected) || got.length !== expected.length) return false;
  const [items, others] = [inOrder(got), inOrder(expected)];
  const length = lengthOf(items) + lengthOf(others);
  const shared = trials ?? { left: MOST_TRIED + length };
  shared.left -= length;
  const taken = new Set<number>();
  let first = 0;
  return items.every((item) => {
    while (taken.delete(first)) first++;
    for (let at = first; at < others.length && shared.left >= 0; at++) {
      shared.left--;
      if (taken.has(at)) continue;
      const other = others[at]!;
      if (same(item.value, other.value, shared)) {
        taken.add(at);
        return true;
      }
      shared.left -= Math.min(item.text.length, other.text.length);
    }
    return false;
  });
}
