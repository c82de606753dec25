// When an output counts as right (EvalPlus 0.3.1, `evalplus/eval`): it equals the reference's; or it is close, where the
// task has a tolerance or the reference gave floats; and a few tasks have a rule of their own.
// Differs: 1. the tolerance that one float result sets does not stay for the task's later inputs. 2. Mbpp/164 accepts
// every value there; here it must be a bool. 3. nan equals nan.
import { evalPlusSame, pythonEqual, type PythonValue } from "@diffucoder/reward-sandbox";

export interface OracleCase {
  /** EvalPlus's id of the task, e.g. `"Mbpp/581"`. */
  taskId: string;
  /** Arguments of the call. */
  input: readonly PythonValue[];
  got: unknown;
  /** What the reference solution returned. */
  expected: unknown;
  /** The task's absolute tolerance, 0 for none. */
  tolerance: number;
}

/** Tasks whose outputs are compared as sets. */
const AS_SETS: ReadonlySet<string> = new Set(["Mbpp/2", "Mbpp/7", "Mbpp/111", "Mbpp/140", "Mbpp/232", "Mbpp/249", "Mbpp/579", "Mbpp/769"]);

/** Whether an output is right. */
export function isRight({ taskId, input, got, expected, tolerance }: OracleCase): boolean {
  if (taskId === "HumanEval/32") return isRoot(input, got, tolerance);
  if (AS_SETS.has(taskId)) return sameSet(got, expected);
  if (evalPlusSame(got, expected, { atol: tolerance })) return true;
  if (taskId === "Mbpp/164") return typeof got === "boolean";
  if (taskId === "Mbpp/295") return pythonEqual(got, 0);
  if (taskId === "Mbpp/581") return isSurface(input, got, tolerance);
  return taskId === "Mbpp/558" && pythonEqual(got, digitDistance(input));
}

/** HumanEval/32: any root of the polynomial with these coefficients. */
function isRoot([coefficients]: readonly PythonValue[], got: unknown, tolerance: number): boolean {
  const [terms, x] = [items(coefficients)?.map(toNumber), toNumber(got)];
  if (terms === undefined || x === undefined) return false;
  return Math.abs(terms.reduce<number>((sum, term, i) => sum + (term ?? NaN) * power(x, i), 0)) <= tolerance;
}

/**
 * `x ** n` rounded once, as C's pow() does it. JavaScript's may be off by a bit, which for a polynomial with large
 * coefficients is the difference between a root and none.
 */
function power(x: number, n: number): number {
  if (!Number.isFinite(x) || x === 0) return x ** n;
  let exponent = Math.max(-1022, Math.floor(Math.log2(Math.abs(x)))) - 52;
  let mantissa = BigInt(x * 2 ** -exponent) ** BigInt(n); // whole: x is a multiple of 2 ** exponent
  exponent *= n;
  const excess = mantissa.toString(2).length - 64;
  if (excess > 0) {
    const lost = mantissa & ((1n << BigInt(excess)) - 1n);
    mantissa = (mantissa >> BigInt(excess)) | (lost === 0n ? 0n : 1n); // a last bit for all that is cut off, so that it rounds alike
    exponent += excess;
  }
  const half = Math.trunc(exponent / 2);
  return Number(mantissa) * 2 ** half * 2 ** (exponent - half);
}

/** Mbpp/581: the surface of a square pyramid, rounded, is as good as the reference's. */
function isSurface([edge, height]: readonly PythonValue[], got: unknown, tolerance: number): boolean {
  const [a, h, x] = [toNumber(edge), toNumber(height), toNumber(got)];
  if (a === undefined || h === undefined || x === undefined) return false;
  return Math.abs(x - roundHalfEven(a ** 2 + 2 * a * Math.sqrt((a / 2) ** 2 + h ** 2))) <= tolerance;
}

/** Mbpp/558: the sum of differences digit by digit, as if the shorter number had leading zeros. */
function digitDistance(input: readonly PythonValue[]): number {
  const [a = "", b = ""] = input.map((value) => String(typeof value === "object" && value !== null && "int" in value ? value.int : value));
  const width = Math.max(a.length, b.length);
  const [left, right] = [a.padStart(width, "0"), b.padStart(width, "0")];
  return left.split("").reduce((sum, digit, i) => sum + Math.abs(Number(digit) - Number(right[i])), 0);
}

/** Python's round(). */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Whether `set(a) == set(b)`; false if one of them is not a collection. */
function sameSet(a: unknown, b: unknown): boolean {
  const [left, right] = [items(a), items(b)];
  if (left === undefined || right === undefined) return false;
  const contains = (list: unknown[], item: unknown): boolean => list.some((other) => pythonEqual(item, other));
  return left.every((item) => contains(right, item)) && right.every((item) => contains(left, item));
}

/** What iterating over a value gives; `undefined` if it is not a collection. */
function items(value: unknown): unknown[] | undefined {
  if (typeof value === "string") return Array.from(value);
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) return undefined;
  const [tag, inner] = Object.entries(value)[0] ?? ["", null];
  if (tag === "dict") return (inner as [unknown, unknown][]).map(([key]) => key);
  return Array.isArray(inner) && tag !== "complex" ? inner : undefined;
}

/** A real number; integers beyond 2^53 are rounded. */
function toNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "object" || value === null) return undefined;
  if ("int" in value) return Number(value.int);
  if (!("float" in value)) return undefined;
  return value.float === "inf" ? Infinity : value.float === "-inf" ? -Infinity : Number(value.float);
}
