// JSON that Python wrote, without losing what JavaScript's numbers lose: 1.0 is no 1, 10**20 keeps its digits, NaN and
// Infinity are there. Values come out in the sandbox's form: plain JSON for None, bool, int, str and list, else tagged,
// { float: "1.0" }, { int: "100000000000000000000" }, { dict: [[key, value], ...] }.

/** A Python value as the sandbox takes and gives it. */
export type PythonValue =
  | null
  | boolean
  | number
  | string
  | PythonValue[]
  | { readonly [tag in "int" | "float"]?: string }
  | { readonly [tag in "tuple" | "set" | "complex"]?: PythonValue[] }
  | { readonly dict: [PythonValue, PythonValue][] };

/** Strings first, so that a number inside one is not taken for a number. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|NaN|-?Infinity/g;
const MARK = "\u0000number";
const MARKED = JSON.stringify(MARK);

/**
 * One JSON object as a record of Python values.
 *
 * @throws {SyntaxError} if it is no JSON, or no object
 */
export function parsePythonRecord(text: string): Record<string, PythonValue> {
  const marked = text.replace(TOKEN, (token) => (token.startsWith('"') ? token : numberText(token)));
  const record: unknown = JSON.parse(marked);
  if (typeof record !== "object" || record === null || Array.isArray(record) || MARK in record) throw new SyntaxError("not a JSON object");
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, toValue(value)]));
}

function numberText(token: string): string {
  if (/^-?\d+$/.test(token)) return Number.isSafeInteger(Number(token)) && token !== "-0" ? token : `{${MARKED}:{"int":"${token}"}}`;
  const text = token === "NaN" ? "nan" : token.endsWith("Infinity") ? token.replace("Infinity", "inf") : token.toLowerCase();
  return `{${MARKED}:{"float":"${text}"}}`;
}

function toValue(value: unknown): PythonValue {
  if (Array.isArray(value)) return value.map(toValue);
  if (typeof value !== "object" || value === null) return value as PythonValue;
  if (MARK in value) return value[MARK] as PythonValue;
  return { dict: Object.entries(value).map(([key, item]) => [key, toValue(item)]) };
}
