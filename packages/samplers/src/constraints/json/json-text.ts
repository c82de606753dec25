// JSON values as texts. Whitespace: behind a comma and a colon there may be one space, and nowhere else.
import {
  type CodePoints,
  choice,
  complement,
  EMPTY,
  intersection,
  literal,
  mapCodePoints,
  oneOf,
  optional,
  type Regular,
  repeat,
  sequence,
} from "../regular/regular.ts";

const MAY_SPACE = optional(literal(" "));
export const COMMA = sequence(literal(","), MAY_SPACE);
export const COLON = sequence(literal(":"), MAY_SPACE);

export const NULL = literal("null");
export const BOOLEAN = choice([literal("true"), literal("false")]);

const DIGIT = oneOf([[48, 57]]);
const HEX: CodePoints = [
  [48, 57],
  [65, 70],
  [97, 102],
];
const nonZero = oneOf([[49, 57]]);
/** Up to 15 digits: what a double holds exactly. */
const NATURAL = choice([literal("0"), sequence(nonZero, repeat(DIGIT, { max: 14 }))]);
const MINUS = optional(literal("-"));
export const INTEGER = sequence(MINUS, NATURAL);
const sign = optional(
  oneOf([
    [43, 43],
    [45, 45],
  ]),
);
/** With an exponent of up to two digits, so that it is finite. */
export const NUMBER = sequence(
  INTEGER,
  optional(sequence(literal("."), repeat(DIGIT, { min: 1 }))),
  optional(
    sequence(
      oneOf([
        [69, 69],
        [101, 101],
      ]),
      sign,
      repeat(DIGIT, { min: 1, max: 2 }),
    ),
  ),
);

/** What must be escaped in a string: controls, quotes and backslashes. */
const ESCAPED: CodePoints = [
  [0, 31],
  [34, 34],
  [92, 92],
];
const SHORT: Readonly<Record<number, string>> = { 8: "b", 9: "t", 10: "n", 12: "f", 13: "r", 34: '"', 92: "\\" };

/** One character of a string, as it is or escaped; \u only of the basic plane, where one escape is one character. */
const CHARACTER = choice([
  oneOf(complement(ESCAPED)),
  sequence(
    literal("\\"),
    choice([
      oneOf(Array.from(String.raw`"\/bfnrt`, (one) => [one.charCodeAt(0), one.charCodeAt(0)] as const)),
      sequence(
        literal("u"),
        choice([
          sequence(
            oneOf(
              HEX.flatMap(([a, b]) =>
                intersection(
                  [[a, b]],
                  complement([
                    [68, 68],
                    [100, 100],
                  ]),
                ),
              ),
            ),
            oneOf(HEX),
            oneOf(HEX),
            oneOf(HEX),
          ),
          sequence(
            oneOf([
              [68, 68],
              [100, 100],
            ]),
            oneOf([[48, 55]]),
            oneOf(HEX),
            oneOf(HEX),
          ),
        ]),
      ),
    ]),
  ),
]);

const quoted = (inner: Regular): Regular => sequence(literal('"'), inner, literal('"'));

/** A string of so many characters. */
export function stringOf({ min = 0, max = Infinity }: { min?: number; max?: number } = {}): Regular {
  return quoted(repeat(CHARACTER, { min, max }));
}

/** A string whose characters are a text of the language; what must be escaped is, in one way. */
export function stringLike(language: Regular): Regular {
  return quoted(
    mapCodePoints(language, (points) => {
      const escaped = intersection(points, ESCAPED).flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
      return choice([oneOf(intersection(points, complement(ESCAPED))), ...escaped.map((point) => literal(escapeOf(point)))]);
    }),
  );
}

function escapeOf(point: number): string {
  return `\\${SHORT[point] ?? `u${point.toString(16).padStart(4, "0")}`}`;
}

/** A value as `JSON.stringify` writes it, apart from whitespace. */
export function valueText(value: unknown): Regular {
  if (Array.isArray(value)) return arrayOf(value.map((one) => valueText(one)));
  if (typeof value !== "object" || value === null) return literal(JSON.stringify(value));
  const members = Object.entries(value).map(([name, one]) => memberOf(name, valueText(one)));
  return objectOf(members.map((text) => ({ text, required: true })));
}

export function memberOf(name: string, value: Regular): Regular {
  return sequence(literal(JSON.stringify(name)), COLON, value);
}

/** Given items in their order, then others. */
export function arrayOf(first: readonly Regular[], others: { item: Regular; min: number; max: number } = { item: EMPTY, min: 0, max: 0 }): Regular {
  const { item, min, max } = others;
  const given = first.flatMap((one, i) => (i === 0 ? [one] : [COMMA, one]));
  if (max === 0) return sequence(literal("["), ...given, literal("]"));
  const rest = first.length === 0 ? repeat(item, { min, max, between: COMMA }) : repeat(sequence(COMMA, item), { min, max });
  return sequence(literal("["), ...given, rest, literal("]"));
}

export interface Member {
  text: Regular;
  required: boolean;
}

/** Members in their order; those that are not required may be missing. */
export function objectOf(members: readonly Member[]): Regular {
  /** Members from one on, behind others. */
  const behind = (from: number): Regular[] =>
    members.slice(from).map(({ text, required }) => (required ? sequence(COMMA, text) : optional(sequence(COMMA, text))));
  const firstRequired = members.findIndex(({ required }) => required);
  const firsts = members.slice(0, firstRequired === -1 ? undefined : firstRequired + 1);
  const beginnings = firsts.map(({ text }, i) => sequence(text, ...behind(i + 1)));
  return sequence(literal("{"), choice([...(firstRequired === -1 ? [EMPTY] : []), ...beginnings]), literal("}"));
}

/** Members of any names. */
export function mapOf(value: Regular): Regular {
  return sequence(literal("{"), repeat(sequence(stringOf(), COLON, value), { between: COMMA }), literal("}"));
}

/** Any value with arrays and objects inside each other up to a depth; 0: none. */
export function anyValue(depth: number): Regular {
  const plain = choice([NULL, BOOLEAN, NUMBER, stringOf()]);
  return depth === 0 ? plain : choice([plain, anyArray(depth), anyObject(depth)]);
}

export function anyArray(depth: number): Regular {
  return arrayOf([], { item: anyValue(depth - 1), min: 0, max: Infinity });
}

/** Any object, whose values nest one level less deep. */
export function anyObject(depth: number): Regular {
  return mapOf(anyValue(depth - 1));
}
