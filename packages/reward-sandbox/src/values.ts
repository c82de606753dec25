// Values on their way to and from Python. Plain JSON stands for None, bool, int, str and list; the rest is tagged, as
// zygote.py writes it: { int: "123..." }, { float: "0.5" }, { tuple: [...] }, { set: [...] }, { dict: [[key, value], ...] }.
// In a dataset's tests a number that is not an integer stands for a Python float.

const ABSOLUTE_TOLERANCE = 1e-6;
const RELATIVE_TOLERANCE = 1e-7;

/** Arguments as the zygote reads them. */
export function toPython(value: unknown): unknown {
  if (typeof value === "number" && !Number.isInteger(value)) return { float: String(value) };
  if (Array.isArray(value)) return value.map(toPython);
  return value;
}

/** Whether a value from outside has the form that is described above. */
export function isValue(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value);
  if (value === null || typeof value === "boolean" || typeof value === "string") return true;
  if (Array.isArray(value)) return value.every(isValue);
  const [[tag, inner] = ["", null], ...more] = Object.entries(value as object);
  if (more.length > 0) return false;
  if (tag === "int") return typeof inner === "string" && /^-?\d+$/.test(inner);
  if (tag === "float") return typeof inner === "string" && /^-?(\d[\d.]*(e[-+]?\d+)?|inf)$|^nan$/.test(inner);
  if (tag === "dict") return Array.isArray(inner) && inner.every((entry) => Array.isArray(entry) && entry.length === 2 && isValue(entry));
  return (tag === "tuple" || tag === "set") && Array.isArray(inner) && isValue(inner);
}

/** Whether an output equals the expected value: types are exact, floats are compared within EvalPlus's tolerance. */
export function sameValue(got: unknown, expected: unknown): boolean {
  const [actualFloat, expectedFloat] = [floatOf(got), floatOf(expected)];
  if (expectedFloat !== undefined || actualFloat !== undefined) {
    if (expectedFloat === undefined || actualFloat === undefined) return false;
    if (Object.is(actualFloat, expectedFloat) || actualFloat === expectedFloat) return true;
    if (!Number.isFinite(expectedFloat)) return false; // every number is within a share of infinity
    return Math.abs(actualFloat - expectedFloat) <= ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * Math.abs(expectedFloat);
  }
  if (Array.isArray(got) || Array.isArray(expected)) {
    return Array.isArray(got) && Array.isArray(expected) && got.length === expected.length && got.every((item, i) => sameValue(item, expected[i]));
  }
  if (typeof got === "object" && typeof expected === "object" && got !== null && expected !== null) {
    const [[tag, inner], [otherTag, other]] = [Object.entries(got)[0] ?? ["", null], Object.entries(expected)[0] ?? ["", null]];
    if (tag !== otherTag) return false;
    return tag === "dict"
      ? sameValue(sortedEntries(inner), sortedEntries(other))
      : tag === "set"
        ? sameValue(sortedItems(inner), sortedItems(other))
        : sameValue(inner, other);
  }
  return got === expected;
}

function floatOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? undefined : value;
  if (typeof value !== "object" || value === null || !("float" in value)) return undefined;
  const text = String(value.float);
  return text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text);
}

const byJson = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const sortedItems = (items: unknown): unknown => (Array.isArray(items) ? items.toSorted(byJson) : items);
const sortedEntries = (entries: unknown): unknown => (Array.isArray(entries) ? entries.toSorted((a, b) => byJson(a[0], b[0])) : entries);

/** A value as Python source: `[1, 2]`, `'a'`, `(1,)`, `None`. */
export function pythonSource(value: unknown): string {
  const list = (items: unknown): string => (items as unknown[]).map(pythonSource).join(", ");
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return stringSource(value);
  if (Array.isArray(value)) return `[${list(value)}]`;
  if (typeof value !== "object") return String(value);
  const [tag, inner] = Object.entries(value)[0] ?? ["", null];
  switch (tag) {
    case "tuple":
      return (inner as unknown[]).length === 1 ? `(${list(inner)},)` : `(${list(inner)})`;
    case "set":
      return (inner as unknown[]).length === 0 ? "set()" : `{${list(inner)}}`;
    case "dict":
      return `{${(inner as [unknown, unknown][]).map(([key, item]) => `${pythonSource(key)}: ${pythonSource(item)}`).join(", ")}}`;
    default:
      return String(inner); // int and float, as text
  }
}

/** Python's own choice of quotes; JSON's escapes are Python's too. */
function stringSource(text: string): string {
  const escaped = JSON.stringify(text);
  if (text.includes("'")) return escaped;
  return `'${escaped.slice(1, -1).replaceAll('\\"', '"')}'`;
}
