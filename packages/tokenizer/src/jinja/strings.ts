// What Python and Jinja do to strings, for methods and filters.
import type { Budget } from "./budget.ts";
import { string } from "./call.ts";
import { Text } from "./text.ts";
import { between, text, type Value } from "./values.ts";

export const upper = (one: string): string => one.toUpperCase();
export const lower = (one: string): string => one.toLowerCase();
export const capitalized = (value: Text): Text => {
  const [first, ...rest] = value.characters();
  return first === undefined ? value : Text.join([first.withCase(upper), Text.join(rest).withCase(lower)]);
};
/** The method: every run of letters is a word. */
export const titled = (value: Text): Text =>
  Text.join(
    Array.from(value.value.matchAll(/\p{L}+|\P{L}+/gu), ({ index, 0: run }) => {
      const [first, ...rest] = value
        .slice(index, index + run.length)
        .withCase(lower)
        .characters();
      return Text.join([(first as Text).map(upper), ...rest]);
    }),
  );

/** The filter: words begin after white space and opening brackets, not after every sign. */
export function titleCased(value: Text): Text {
  const parts: Text[] = [];
  for (const { index, 0: part } of value.value.matchAll(/[-\s({[<]+|[^-\s({[<]+/gu)) parts.push(capitalized(value.slice(index, index + part.length)));
  return Text.join(parts);
}

export function replace(value: Text, from: Text, to: Text, count: number, budget: Budget): Text {
  const parts = from.length === 0 ? [text(""), ...value.characters(), text("")] : value.split(from.value, count < 0 ? Infinity : count);
  budget.charge(parts.length * to.length + value.length);
  return Text.join(between(parts, to));
}

export const startsWith = (value: Text, what: Value, at: "startsWith" | "endsWith"): boolean =>
  (Array.isArray(what) ? what : [what]).some((one) => value.value[at](string(one).value));

export const isAll =
  (pattern: RegExp) =>
  (value: Value): boolean =>
    pattern.test(string(value).value);

/** As Python ends lines. */
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

export function linesOf(value: Text, keepsEnds = false): Text[] {
  const lines: Text[] = [];
  let start = 0;
  for (const { index, 0: end } of value.value.matchAll(LINE_END)) {
    lines.push(value.slice(start, keepsEnds ? index + end.length : index));
    start = index + end.length;
  }
  if (start < value.length) lines.push(value.slice(start));
  return lines;
}

export function joined(parts: readonly Text[], separator: Text, budget: Budget): Text {
  budget.charge(parts.reduce((total, part) => total + part.length + separator.length, 0));
  return Text.join(between(parts, separator));
}

export const isUpper = ({ value }: Text): boolean => value === value.toUpperCase() && value !== value.toLowerCase();
export const isLower = ({ value }: Text): boolean => value === value.toLowerCase() && value !== value.toUpperCase();
