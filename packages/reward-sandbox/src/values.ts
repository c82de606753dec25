// Values on their way to and from programs. Plain JSON stands for None, bool, int, str and list; the rest is tagged, as
// values.py and values.cjs write it: { int: "123..." }, { float: "0.5" }, { complex: ["1.0", "0.0"] }, { tuple: [...] },
// { set: [...] }, { frozenset: [...] }, { deque: [...] }, { dict: [[key, value], ...] }, { Counter }, { OrderedDict } and
// { defaultdict } alike, { bytes: "hex" }, { bytearray: "hex" }; of JavaScript also { undefined: true }, { bigint: "1" } and
// { map: [[key, value], ...] }. In a dataset's tests a number that is not an integer stands for a Python float.

/** Arguments as programs read them. */
export function toPython(value: unknown): unknown {
  if (typeof value === "number" && !Number.isInteger(value)) return { float: floatText(value) };
  if (typeof value === "number" && !Number.isSafeInteger(value)) return { int: BigInt(value).toString() };
  if (Array.isArray(value)) return value.map(toPython);
  return value;
}

function floatText(value: number): string {
  return Number.isNaN(value) ? "nan" : value === Infinity ? "inf" : value === -Infinity ? "-inf" : String(value);
}

const isList = (inner: unknown): boolean => Array.isArray(inner) && inner.every(isValue);
const isPairs = (inner: unknown): boolean => Array.isArray(inner) && inner.every((pair) => Array.isArray(pair) && pair.length === 2 && isList(pair));
const isFloat = (inner: unknown): boolean => typeof inner === "string" && /^-?(\d[\d.]*(e[-+]?\d+)?|inf)$|^nan$/.test(inner);
const isHex = (inner: unknown): boolean => typeof inner === "string" && /^([0-9a-f]{2})*$/.test(inner);

/** What may stand behind each tag. */
const FORMS: Readonly<Record<string, (inner: unknown) => boolean>> = {
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

/** Whether a value from outside has the form that is described above. */
export function isValue(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value);
  if (value === null || typeof value === "boolean" || typeof value === "string") return true;
  if (Array.isArray(value)) return isList(value);
  const entries = Object.entries(value as object);
  if (entries.length !== 1) return false;
  const [tag, inner] = entries[0] as [string, unknown];
  return Object.hasOwn(FORMS, tag) && (FORMS[tag] as (inner: unknown) => boolean)(inner);
}

/** A value as Python source: `[1, 2]`, `'a'`, `(1,)`, `None`. JavaScript's own values are shown by their tags. */
export function pythonSource(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return stringSource(value);
  if (Array.isArray(value)) return `[${listSource(value)}]`;
  if (typeof value !== "object") return String(value);
  const [tag, inner] = Object.entries(value)[0] ?? ["", null];
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
