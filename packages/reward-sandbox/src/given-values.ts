// Values from callers: arguments and expected values. JavaScript has one kind of number and no tuple, so a caller of Python may
// write a value with a tag, see `PythonValue`. A caller of JavaScript needs no tags.
import { InvalidArgumentError } from "@diffucoder/core";
import type { Language } from "./jobs.ts";
import { DEEPEST, type PythonValue } from "./values.ts";

/** Where a value is, e.g. `inputs[0][1]`, and how deep. */
interface Place {
  argument: string;
  depth: number;
}

type Convert = (value: unknown, place: Place) => PythonValue;

function refuse({ argument }: Place, value: unknown, expected: string, wayOut?: string): never {
  throw new InvalidArgumentError({ argument, value, expected, ...(wayOut !== undefined && { wayOut }) });
}

const isPlainObject = (value: object): boolean => [Object.prototype, null].includes(Object.getPrototypeOf(value) as null);

/** Python converts no longer decimal text; it takes longer integers as hexadecimal. */
const LONGEST_DECIMAL = 4300;

function integerOf(value: bigint): PythonValue {
  const text = String(value);
  if (Number.isSafeInteger(Number(value))) return Number(value);
  return { int: text.length <= LONGEST_DECIMAL ? text : `${value < 0n ? "-" : ""}0x${(value < 0n ? -value : value).toString(16)}` };
}

function floatText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  return Number.isNaN(value) ? "nan" : value === Infinity ? "inf" : value === -Infinity ? "-inf" : String(value);
}

const bothParts: Convert = (parts, place) =>
  Array.isArray(parts) && parts.length === 2
    ? parts.map((part) => toFloat(part, place).float as string)
    : refuse(place, parts, 'two parts, as { complex: ["1.0", "-2.5"] }');

function toFloat(value: unknown, place: Place): { float?: string } {
  if (typeof value === "number") return { float: floatText(value) };
  const text = typeof value === "string" ? value.toLowerCase() : "";
  if (/^-?(\d+(\.\d*)?(e[-+]?\d+)?|inf)$|^nan$/.test(text)) return { float: text };
  return refuse(place, value, 'a float, as { float: "4.0" } or { float: 4 }');
}

function toInteger(value: unknown, place: Place): PythonValue {
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return integerOf(BigInt(value as number));
  if (typeof value === "string" && /^-?(0x[0-9a-f]+|\d+)$/.test(value)) {
    return integerOf(value.startsWith("-") ? -BigInt(value.slice(1)) : BigInt(value));
  }
  return refuse(place, value, 'an integer, as { int: "9223372036854775808" }');
}

/** Whether Python can put it in a set, or make it a key. */
function isHashable(value: PythonValue): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return false;
  if ("tuple" in value) return value.tuple?.every(isHashable) ?? false;
  return ["int", "float", "complex", "bytes", "frozenset"].some((tag) => tag in value);
}

const toKey: Convert = (value, place) => {
  const key = toPython(value, place);
  return isHashable(key) ? key : refuse(place, value, "a value that Python can hash, as a key or an item of a set");
};

const items =
  (convert: Convert) =>
  (inner: unknown, { argument, depth }: Place): PythonValue[] =>
    Array.isArray(inner)
      ? Array.from(inner, (item, i) => convert(item, { argument: `${argument}[${i}]`, depth: depth + 1 }))
      : refuse({ argument, depth }, inner, "a list");

const pairs =
  (toName: Convert, toItem: Convert) =>
  (inner: unknown, { argument, depth }: Place): [PythonValue, PythonValue][] => {
    const place = { argument, depth: depth + 1 };
    if (!Array.isArray(inner)) return refuse(place, inner, "a list of pairs");
    return inner.map((pair: unknown) => {
      if (!Array.isArray(pair) || pair.length !== 2) return refuse(place, pair, "a pair of a key and a value");
      return [toName(pair[0], place), toItem(pair[1], place)];
    });
  };

function bytes(inner: unknown, place: Place): string {
  const isHex = typeof inner === "string" && inner.length % 2 === 0 && /^[0-9a-f]*$/.test(inner);
  return isHex ? inner : refuse(place, inner, "bytes in hexadecimal digits");
}

const [listOf, setOf] = [items(toPython), items(toKey)];
const dictOf = pairs(toKey, toPython);

/** Converts the content of each Python tag. */
const TAGS = new Map<string, Convert>([
  ["int", toInteger],
  ["float", toFloat],
  ["complex", (inner, place) => ({ complex: bothParts(inner, place) as PythonValue[] })],
  ...["tuple", "deque"].map((tag): [string, Convert] => [tag, (inner, place) => ({ [tag]: listOf(inner, place) })]),
  ...["set", "frozenset"].map((tag): [string, Convert] => [tag, (inner, place) => ({ [tag]: setOf(inner, place) })]),
  ...["dict", "Counter", "OrderedDict", "defaultdict"].map((tag): [string, Convert] => [tag, (inner, place) => ({ [tag]: dictOf(inner, place) })]),
  ...["bytes", "bytearray"].map((tag): [string, Convert] => [tag, (inner, place) => ({ [tag]: bytes(inner, place) })]),
]);

function checkDepth(place: Place, value: unknown): void {
  if (place.depth > DEEPEST) refuse({ ...place, argument: place.argument.replace(/\[.*/, "") }, value, `nested at most ${DEEPEST} levels deep`);
}

/** A value for Python. @throws {InvalidArgumentError} naming the part that cannot be passed to a program */
function toPython(value: unknown, place: Place): PythonValue {
  checkDepth(place, value);
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isInteger(value) ? integerOf(BigInt(value)) : { float: floatText(value) };
  if (typeof value === "bigint") return integerOf(value);
  if (Array.isArray(value)) return listOf(value, place);
  if (value instanceof Map) return { dict: dictOf([...value], place) };
  if (value instanceof Set) return { set: setOf([...value], place) };
  if (typeof value !== "object" || !isPlainObject(value)) return refuse(place, value, "plain data", "Write null for None.");
  const entries = Object.entries(value);
  const convert = entries.length === 1 ? TAGS.get((entries[0] as [string, unknown])[0]) : undefined;
  return convert ? convert((entries[0] as [string, unknown])[1], place) : { dict: dictOf(entries, place) };
}

/** A value for JavaScript, as values.cjs reads it. */
function toJavaScript(value: unknown, place: Place): PythonValue {
  checkDepth(place, value);
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (value === undefined) return { undefined: true };
  if (typeof value === "number") return Number.isSafeInteger(value) && !Object.is(value, -0) ? value : { float: floatText(value) };
  if (typeof value === "bigint") return { bigint: String(value) };
  if (Array.isArray(value)) return items(toJavaScript)(value, place);
  if (value instanceof Map) return { map: pairs(toJavaScript, toJavaScript)([...value], place) };
  if (value instanceof Set) return { set: items(toJavaScript)([...value], place) };
  if (typeof value !== "object" || !isPlainObject(value)) return refuse(place, value, "plain data");
  return { dict: pairs(toJavaScript, toJavaScript)(Object.entries(value), place) };
}

/**
 * A caller's value in the form that programs of a language get.
 *
 * @param argument its name in errors
 * @throws {InvalidArgumentError} naming the part that cannot be passed to a program
 */
export function givenValue(value: unknown, language: Language | undefined, argument: string): PythonValue {
  return (language ?? "python") === "python" ? toPython(value, { argument, depth: 0 }) : toJavaScript(value, { argument, depth: 0 });
}
