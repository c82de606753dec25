// When an output equals the expected value. The rules for Python compare both after `given-values.ts` has converted them.
import { givenValue } from "./given-values.ts";
import type { Language } from "./jobs.ts";
import { type Same, sameUnordered, type Trials } from "./unordered.ts";
import { isValue } from "./values.ts";

const ABSOLUTE_TOLERANCE = 1e-6;
const RELATIVE_TOLERANCE = 1e-7;

type Tagged = readonly [tag: string, inner: unknown];

/** A value by its Python type. */
function typed(value: unknown): Tagged {
  if (value === null) return ["None", null];
  if (typeof value === "boolean") return ["bool", value];
  if (typeof value === "string") return ["str", value];
  if (typeof value === "number") return ["int", BigInt(value)];
  if (Array.isArray(value)) return ["list", value];
  const [tag, inner] = Object.entries(value as object)[0] ?? ["", null];
  if (tag === "int") return [tag, integerOf(String(inner))];
  if (tag === "float") return [tag, floatOf(String(inner))];
  if (tag === "complex") return [tag, (inner as string[]).map(floatOf)];
  return [tag, inner];
}

const integerOf = (text: string): bigint => (text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text));
const floatOf = (text: string): number => (text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text));

const UNORDERED = new Set(["set", "frozenset"]);
const MAPPINGS = new Set(["dict", "Counter", "defaultdict", "OrderedDict", "map"]);

function sameItems(got: unknown, expected: unknown, same: Same, trials?: Trials): boolean {
  return Array.isArray(got) && Array.isArray(expected) && got.length === expected.length && got.every((item, i) => same(item, expected[i], trials));
}

const isClose = (got: number, expected: number, atol: number, rtol: number): boolean =>
  Object.is(got, expected) || got === expected || (Number.isFinite(expected) && Math.abs(got - expected) <= atol + rtol * Math.abs(expected));

/** An output already has this form, and a caller's value may have it. */
const given = (value: unknown, argument: string): unknown => (isValue(value) ? value : givenValue(value, "python", argument));

/**
 * Whether an output is the expected value for a reward: types are exact, floats at any depth within 1e-6 + 1e-7 |expected|,
 * NaN equals itself. The order of sets and dicts does not count.
 *
 * @param got an outcome's value, or a value of yours
 * @param expected in the form of a call's arguments: `{ float: "4.0" }` for a float without a fraction, `2n ** 64n`, `{ a: 1 }` for a dict
 * @throws {InvalidArgumentError} if one of them is not plain data
 */
export function sameValue(got: unknown, expected: unknown): boolean {
  return sameInPython(given(got, "got"), given(expected, "expected"));
}

function sameInPython(got: unknown, expected: unknown, trials?: Trials): boolean {
  const [[tag, inner], [otherTag, other]] = [typed(got), typed(expected)];
  if (tag !== otherTag) return false;
  if (tag === "float") return isClose(inner as number, other as number, ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE);
  if (tag === "complex")
    return (inner as number[]).every((part, i) => isClose(part, (other as number[])[i] as number, ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE));
  if (tag === "list" || tag === "tuple" || tag === "deque" || tag === "OrderedDict") return sameItems(inner, other, sameInPython, trials);
  if (UNORDERED.has(tag) || MAPPINGS.has(tag)) return sameUnordered(inner, other, sameInPython, trials);
  return inner === other;
}

/** A JavaScript value, whose numbers are all of one type. */
function typedInJavaScript(value: unknown): Tagged {
  const [tag, inner] = typed(value);
  return tag === "int" ? ["float", Number(inner)] : [tag, inner];
}

/** The same for JavaScript: numbers within that tolerance unless both are integers, `undefined` is not null, an object is not a Map. */
export function sameInJavaScript(got: unknown, expected: unknown, trials?: Trials): boolean {
  const [[tag, inner], [otherTag, other]] = [typedInJavaScript(got), typedInJavaScript(expected)];
  if (tag !== otherTag) return false;
  if (tag === "float") {
    if (Number.isInteger(inner) && Number.isInteger(other)) return inner === other;
    return isClose(inner as number, other as number, ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE);
  }
  if (tag === "list") return sameItems(inner, other, sameInJavaScript, trials);
  if (UNORDERED.has(tag) || MAPPINGS.has(tag)) return sameUnordered(inner, other, sameInJavaScript, trials);
  return inner === other;
}

/**
 * `sameValue` for the output of a program, by the rules of its language. In JavaScript all numbers are of one type: integers are compared
 * exactly and others within that tolerance; `undefined` is not null and an object is not a Map; the expected value is a JavaScript value.
 *
 * @throws {InvalidArgumentError} if the expected value is not plain data
 */
export function sameOutput(
  got: unknown,
  expected: unknown,
  {
    language,
  }: {
    /** The program's language. @default "python" */
    language?: Language | undefined;
  } = {},
): boolean {
  if ((language ?? "python") === "python") return sameValue(got, expected);
  return sameInJavaScript(got, givenValue(expected, language, "expected"));
}

/** A number's real and imaginary part; a bool counts as 0 or 1. */
function complexOf([tag, inner]: Tagged): readonly [number | bigint, number] | undefined {
  if (tag === "bool") return [inner ? 1n : 0n, 0];
  if (tag === "int" || tag === "float") return [inner as number | bigint, 0];
  return tag === "complex" ? (inner as [number, number]) : undefined;
}

/** `==` of numbers: an int and a float are compared exactly. */
// oxlint-disable-next-line eqeqeq
const sameNumber = (a: number | bigint, b: number | bigint): boolean => a == b || (Number.isNaN(a) && Number.isNaN(b));

/**
 * Whether `got == expected` in Python: `1 == 1.0 == True`, `{1} == frozenset({1})`. Unlike in Python, NaN equals itself.
 *
 * @throws {InvalidArgumentError} if one of them is not plain data
 */
export function pythonEqual(got: unknown, expected: unknown): boolean {
  return equalInPython(given(got, "got"), given(expected, "expected"));
}

function equalInPython(got: unknown, expected: unknown, trials?: Trials): boolean {
  const [a, b] = [typed(got), typed(expected)];
  const [x, y] = [complexOf(a), complexOf(b)];
  if (x || y) return x !== undefined && y !== undefined && sameNumber(x[0], y[0]) && sameNumber(x[1], y[1]);
  const [[tag, inner], [otherTag, other]] = [a, b];
  const both = (test: (tag: string) => boolean): boolean => test(tag) && test(otherTag);
  if (both((kind) => UNORDERED.has(kind))) return sameUnordered(inner, other, equalInPython, trials);
  if (both((kind) => kind === "OrderedDict")) return sameItems(inner, other, equalInPython, trials);
  if (both((kind) => kind === "Counter")) return sameUnordered(withoutZeros(inner), withoutZeros(other), equalInPython, trials);
  if (both((kind) => MAPPINGS.has(kind))) return sameUnordered(inner, other, equalInPython, trials);
  if (both((kind) => kind === "bytes" || kind === "bytearray")) return inner === other;
  if (tag !== otherTag) return false;
  return Array.isArray(inner) ? sameItems(inner, other, equalInPython, trials) : inner === other;
}

const withoutZeros = (pairs: unknown): unknown => (pairs as [unknown, unknown][]).filter(([, count]) => !equalInPython(count, 0));

/**
 * Whether EvalPlus would accept an output as the expected value, apart from its special cases for single tasks: equal in Python, or
 * of the same type and close by numpy's `allclose` with `rtol` 1e-7.
 *
 * @param atol absolute tolerance of the task; 0 becomes 1e-6 if a float or floats are expected. @default 0
 * @throws {InvalidArgumentError} if a value is not plain data
 */
export function evalPlusSame(
  got: unknown,
  expected: unknown,
  {
    atol = 0,
  }: {
    /** Absolute tolerance of the task. @default 0 */
    atol?: number;
  } = {},
): boolean {
  return evalPlusSameValues(given(got, "got"), given(expected, "expected"), atol);
}

function evalPlusSameValues(got: unknown, expected: unknown, atol: number): boolean {
  if (equalInPython(got, expected)) return true;
  const tolerance = atol === 0 && isFloats(expected) ? ABSOLUTE_TOLERANCE : atol;
  return tolerance !== 0 && typed(got)[0] === typed(expected)[0] && allClose(got, expected, tolerance);
}

/** EvalPlus's `is_floats`: a float, or a list or tuple of floats that is not empty. */
function isFloats(value: unknown): boolean {
  const [tag, inner] = typed(value);
  if (tag === "float") return true;
  return (tag === "list" || tag === "tuple") && (inner as unknown[]).length > 0 && (inner as unknown[]).every((item) => typed(item)[0] === "float");
}

/** numpy's `allclose` of numbers and of lists or tuples of them, of the same shape. */
function allClose(got: unknown, expected: unknown, atol: number): boolean {
  const [a, b] = [typed(got), typed(expected)];
  const isSequence = ([tag]: Tagged): boolean => tag === "list" || tag === "tuple";
  if (isSequence(a) && isSequence(b)) return sameItems(a[1], b[1], (x, y) => allClose(x, y, atol));
  const [x, y] = [complexOf(a), complexOf(b)];
  if (x === undefined || y === undefined) return false;
  return isClose(Number(x[0]), Number(y[0]), atol, RELATIVE_TOLERANCE) && isClose(x[1], y[1], atol, RELATIVE_TOLERANCE);
}
