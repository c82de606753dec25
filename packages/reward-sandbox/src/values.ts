// Values as they travel to and from programs. Plain JSON stands for None, bool, int, str and list; the rest is tagged, as in
// values.py and values.cjs. given-values.ts says what callers may write instead.

/**
 * A Python value as JSON: `null`, booleans, safe integers, strings and lists stand for themselves, and an object with one key, a tag, for the
 * rest. `{ float: "4.0" }` is a float, `{ int: "9223372036854775808" }` an integer of any size, `{ dict: [["a", 1]] }` a dict; then `tuple`,
 * `set`, `frozenset`, `deque` (lists), `Counter`, `OrderedDict`, `defaultdict` (pairs), `complex` (two texts), `bytes`, `bytearray` (hex).
 * JavaScript's programs also give `{ undefined: true }`, `{ bigint: "1" }` and `{ map: [[key, value]] }`.
 */
export type PythonValue =
  | null
  | boolean
  | number
  | string
  | PythonValue[]
  | { readonly [tag in "int" | "float" | "bigint" | "bytes" | "bytearray"]?: string }
  | { readonly [tag in "tuple" | "set" | "frozenset" | "deque" | "complex"]?: PythonValue[] }
  | {
      /** Keys and values, in order. */
      readonly dict: [PythonValue, PythonValue][];
    }
  | { readonly [tag in "Counter" | "OrderedDict" | "defaultdict" | "map"]?: [PythonValue, PythonValue][] }
  | {
      /** JavaScript's `undefined`. */
      readonly undefined: true;
    };

/** Levels of nesting; as in values.py and values.cjs. */
export const DEEPEST = 200;

type Form = (inner: unknown, depth: number) => boolean;

const isList: Form = (inner, depth) => Array.isArray(inner) && inner.every((item) => isValue(item, depth + 1));
const isPairs: Form = (inner, depth) =>
  Array.isArray(inner) && inner.every((pair) => Array.isArray(pair) && pair.length === 2 && isList(pair, depth));
const isFloat = (inner: unknown): boolean => typeof inner === "string" && /^-?(\d+(\.\d*)?(e[-+]?\d+)?|inf)$|^nan$/.test(inner);
const isHex = (inner: unknown): boolean => typeof inner === "string" && inner.length % 2 === 0 && /^[0-9a-f]*$/.test(inner);

/** What each tag may contain. */
const FORMS: Readonly<Record<string, Form>> = {
  int: (inner) => typeof inner === "string" && /^-?(0x[0-9a-f]+|\d+)$/.test(inner),
  bigint: (inner) => typeof inner === "string" && /^-?\d+$/.test(inner),
  float: isFloat,
  complex: (inner) => Array.isArray(inner) && inner.length === 2 && inner.every(isFloat),
  ...Object.fromEntries(["tuple", "set", "frozenset", "deque"].map((tag) => [tag, isList])),
  ...Object.fromEntries(["dict", "Counter", "OrderedDict", "defaultdict", "map"].map((tag) => [tag, isPairs])),
  bytes: isHex,
  bytearray: isHex,
  undefined: (inner) => inner === true,
};

/** Whether a value from outside has the form described above. An integer that JavaScript would round must be tagged, else it is forged. */
export function isValue(value: unknown, depth = 0): value is PythonValue {
  if (depth > DEEPEST) return false;
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (value === null || typeof value === "boolean" || typeof value === "string") return true;
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) return isList(value, depth);
  const entries = Object.entries(value);
  if (entries.length !== 1) return false;
  const [tag, inner] = entries[0] as [string, unknown];
  return Object.hasOwn(FORMS, tag) && FORMS[tag]!(inner, depth);
}

/**
 * A value as Python source: `[1, 2]`, `'a'`, `(1,)`, `None`. JavaScript's own values are shown with their tags. For people: any other value, such as
 * a function, is shown as in JavaScript.
 */
export function pythonSource(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return stringSource(value);
  if (Array.isArray(value)) return `[${listSource(value)}]`;
  if (typeof value !== "object") return String(value);
  if (value instanceof Map) return `{${pairsSource([...value])}}`;
  if (value instanceof Set) return value.size === 0 ? "set()" : `{${listSource([...value])}}`;
  const entries = Object.entries(value);
  const [tag, inner] = entries[0] ?? ["", null];
  if (entries.length !== 1 || !Object.hasOwn(FORMS, tag)) return `{${pairsSource(entries)}}`;
  switch (tag) {
    case "tuple":
      return (inner as unknown[]).length === 1 ? `(${listSource(inner)},)` : `(${listSource(inner)})`;
    case "set":
      return (inner as unknown[]).length === 0 ? "set()" : `{${listSource(inner)}}`;
    case "frozenset":
    case "deque":
      return `${tag}([${listSource(inner)}])`;
    case "dict":
      return `{${pairsSource(inner)}}`;
    case "defaultdict":
      return `defaultdict(None, {${pairsSource(inner)}})`;
    case "Counter":
    case "OrderedDict":
      return `${tag}({${pairsSource(inner)}})`;
    case "complex":
      return `complex(${(inner as string[]).join(", ")})`;
    case "bytes":
    case "bytearray":
      return `${tag}.fromhex('${String(inner)}')`;
    case "map":
      return `map {${pairsSource(inner)}}`;
    case "undefined":
      return "undefined";
    default:
      return String(inner); // numbers, as text
  }
}

const listSource = (items: unknown): string => (items as unknown[]).map(pythonSource).join(", ");
const pairsSource = (pairs: unknown): string =>
  (pairs as [unknown, unknown][]).map(([key, item]) => `${pythonSource(key)}: ${pythonSource(item)}`).join(", ");

/** Python's own choice of quotes; JSON's escapes are Python's too. */
function stringSource(text: string): string {
  const escaped = JSON.stringify(text);
  if (text.includes("'")) return escaped;
  return `'${escaped.slice(1, -1).replaceAll('\\"', '"')}'`;
}
