// JSON as Python's json module reads it, without what JavaScript's numbers lose: 1.0 is not 1, 10**20 keeps its digits, NaN and
// Infinity are allowed, an object keeps the order of its keys. Values come out in the form of values.ts.
import { DEEPEST, type PythonValue } from "./values.ts";

/** Python converts no longer decimal text to an integer. */
const LONGEST_INTEGER = 4300;

/** The tokens of a value; a string is found by its first quote, since a pattern for the whole string overflows on long ones. */
const TOKEN = /["[\]{}]|-?\d[\d.eE+-]*|true|false|null|NaN|-?Infinity/g;

/** The end of the string that begins at `start`, after its closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let first = at;
    while (text[first - 1] === "\\") first--;
    if ((at - first) % 2 === 0) return at + 1;
  }
  return text.length;
}

function* tokensOf(text: string): Generator<{ token: string; start: number; end: number }> {
  const pattern = new RegExp(TOKEN);
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match[0] === '"') pattern.lastIndex = endOfString(text, match.index);
    yield { token: match[0], start: match.index, end: pattern.lastIndex };
  }
}

/** The text in strict JSON, which has no NaN and Infinity. */
function withoutConstants(text: string): string {
  if (!/NaN|Infinity/.test(text)) return text;
  const pieces: string[] = [];
  let rest = 0;
  for (const { token, start, end } of tokensOf(text)) {
    if (!/NaN|Infinity/.test(token)) continue;
    pieces.push(text.slice(rest, start), " 0 ");
    rest = end;
  }
  return pieces.join("") + text.slice(rest);
}

function numberOf(token: string): PythonValue {
  if (/^-?\d+$/.test(token)) {
    if (Number.isSafeInteger(Number(token))) return Number(token) + 0; // -0 is 0
    if (token.length > LONGEST_INTEGER) throw new RangeError(`an integer of ${token.length} digits; Python reads at most ${LONGEST_INTEGER}`);
    return { int: token };
  }
  if (token === "NaN") return { float: "nan" };
  return { float: token.replace("Infinity", "inf").toLowerCase() };
}

/** A list or object that is being read; for an object, keys and values alternate. */
interface Open {
  isDict: boolean;
  items: PythonValue[];
}

const TAGS = "int float complex tuple set frozenset deque dict Counter OrderedDict defaultdict bytes bytearray".split(" ");

/** Of two entries with the same key the last counts, at the place of the first. */
function toDict(items: readonly PythonValue[], tags: boolean): PythonValue {
  if (tags && items.length === 2 && TAGS.includes(items[0] as string)) return { [items[0] as string]: items[1] };
  const entries = new Map<PythonValue, PythonValue>();
  for (let i = 0; i < items.length; i += 2) entries.set(items[i]!, items[i + 1]!);
  return { dict: [...entries] };
}

/**
 * A text of JSON as Python's `json.loads` reads it, in the form that a sandbox takes: `4.0` is a float, an integer keeps all of its digits,
 * `NaN` and `Infinity` are numbers, and an object is a dict, whatever its keys.
 *
 * @param tags whether an object with one key that is a tag of `PythonValue` stands for what the tag says: `{ "tuple": [1, 2] }`, `{ "set": [1] }`;
 *   the content of a tag is checked where the value is used. @default false
 * @throws {SyntaxError} if it is not JSON
 * @throws {RangeError} if it is nested more than 200 levels deep, or has an integer of more than 4300 digits
 * @example
 * parsePythonJson('[4.0, 9223372036854775807, { "int": 5 }]'); // [{ float: "4.0" }, { int: "9223372036854775807" }, { dict: [["int", 5]] }]
 */
export function parsePythonJson(
  text: string,
  {
    tags = false,
  }: {
    /** Whether objects with one key that is a tag are read as such. @default false */
    tags?: boolean;
  } = {},
): PythonValue {
  JSON.parse(withoutConstants(text)); // from here on the text is known to be valid
  let open: Open = { isDict: false, items: [] };
  const outer: Open[] = [];
  for (const { token, start, end } of tokensOf(text)) {
    if (token === "[" || token === "{") {
      outer.push(open);
      if (outer.length > DEEPEST) throw new RangeError(`nested more than ${DEEPEST} levels deep`);
      open = { isDict: token === "{", items: [] };
    } else if (token === "]" || token === "}") {
      const value = open.isDict ? toDict(open.items, tags) : open.items;
      open = outer.pop() as Open;
      open.items.push(value);
    } else if (token === '"') open.items.push(JSON.parse(text.slice(start, end)) as string);
    else open.items.push(token === "null" ? null : token === "true" ? true : token === "false" ? false : numberOf(token));
  }
  return open.items[0]!;
}

/**
 * One JSON object as a record of Python values.
 *
 * @throws {SyntaxError} if it is not JSON, or not an object
 * @throws {RangeError} as `parsePythonJson`
 */
export function parsePythonRecord(text: string): Record<string, PythonValue> {
  const value = parsePythonJson(text);
  if (typeof value === "object" && value !== null && "dict" in value) return Object.fromEntries(value.dict) as Record<string, PythonValue>;
  throw new SyntaxError("not a JSON object");
}
