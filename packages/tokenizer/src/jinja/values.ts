// The values of a template, as in Python, and how they are written.
import { Text } from "./text.ts";

/** `undefined` is Jinja's Undefined, `null` Python's None. */
export type Value = undefined | null | boolean | number | Float | Text | List | Dict | Callable;
export type List = Value[];

/** A float without a fraction; others are plain numbers. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Python's tuple: a list that is written with parentheses. */
export class Tuple extends Array<Value> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

/** Something to call, with arguments by place and by name. */
export class Callable {
  readonly call: (args: List, named: ReadonlyMap<string, Value>) => Value;
  constructor(call: (args: List, named: ReadonlyMap<string, Value>) => Value) {
    this.call = call;
  }
}

/** Python's dict. Keys keep where their text comes from. */
export class Dict {
  readonly #entries = new Map<string | number | boolean | null, { key: Value; value: Value }>();
  /** Whether `set` may change its attributes: Jinja's namespace. */
  readonly isNamespace: boolean;

  constructor(entries: Iterable<readonly [Value, Value]> = [], isNamespace = false) {
    this.isNamespace = isNamespace;
    for (const [key, value] of entries) this.set(key, value);
  }

  get(key: Value): Value {
    return this.#entries.get(keyOf(key))?.value;
  }

  has(key: Value): boolean {
    return this.#entries.has(keyOf(key));
  }

  set(key: Value, value: Value): void {
    this.#entries.set(keyOf(key), { key, value });
  }

  get size(): number {
    return this.#entries.size;
  }

  items(): Tuple[] {
    return Array.from(this.#entries.values(), ({ key, value }) => Tuple.of(key, value) as Tuple);
  }
}

/** Values in a value, one that stands in several places counted in each: what it costs to go through it. */
export const nodesOf = (value: Value): number => measured(value, nodes, () => 1);

/** At most this many characters are written for a value, four for one of a text, and sixteen for what stands around it. */
export const writtenLengthOf = (value: Value): number => measured(value, lengths, (one) => (one instanceof Text ? 16 + 4 * one.length : 32));

const nodes = new WeakMap<object, number>();
const lengths = new WeakMap<object, number>();

/** Lists and dicts do not change once they are made; a namespace does, and is opaque. */
function measured(value: Value, known: WeakMap<object, number>, measure: (one: Value) => number): number {
  if (!Array.isArray(value) && !(value instanceof Dict)) return measure(value);
  if (value instanceof Dict && value.isNamespace) return measure(value);
  let total = known.get(value);
  if (total === undefined) {
    total = measure(undefined);
    for (const one of Array.isArray(value) ? value : value.items().flat()) total += measured(one, known, measure);
    known.set(value, total);
  }
  return total;
}

function keyOf(key: Value): string | number | boolean | null {
  if (key instanceof Text) return `s${key.value}`;
  if (key instanceof Float) return key.value;
  if (typeof key === "number" || typeof key === "boolean" || key === null) return key;
  throw new TemplateError(`${typeName(key)} cannot be a key`);
}

/** What a template did wrong, or says that the messages did. */
export class TemplateError extends Error {}

export const isNumber = (value: Value): value is number | Float | boolean =>
  typeof value === "number" || typeof value === "boolean" || value instanceof Float;
export const isFloat = (value: Value): boolean => value instanceof Float || (typeof value === "number" && !Number.isInteger(value));
export const numberOf = (value: number | Float | boolean): number => (value instanceof Float ? value.value : Number(value));
export const float = (value: number): number | Float => (Number.isInteger(value) ? new Float(value) : value);
export const text = (value: string): Text => Text.ofTemplate(value);

export function typeName(value: Value): string {
  if (value === undefined) return "an undefined value";
  if (value === null) return "None";
  if (typeof value === "boolean") return "a boolean";
  if (isNumber(value)) return "a number";
  if (value instanceof Text) return "a string";
  if (Array.isArray(value)) return "a list";
  return value instanceof Dict ? "a dict" : "a function";
}

export function isTrue(value: Value): boolean {
  if (value instanceof Text || Array.isArray(value)) return value.length > 0;
  if (value instanceof Dict) return value.isNamespace || value.size > 0;
  return value instanceof Float ? value.value !== 0 : Boolean(value);
}

export function isEqual(a: Value, b: Value): boolean {
  if (isNumber(a) && isNumber(b)) return numberOf(a) === numberOf(b);
  if (a instanceof Text && b instanceof Text) return a.value === b.value;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => isEqual(one, b[i]));
  if (a instanceof Dict && b instanceof Dict && !a.isNamespace)
    return a.size === b.size && a.items().every(([key, value]) => b.has(key) && isEqual(value, b.get(key)));
  return a === b;
}

/** Less than 0 where `a` comes first. */
export function compare(a: Value, b: Value): number {
  if (isNumber(a) && isNumber(b)) return numberOf(a) - numberOf(b);
  if (a instanceof Text && b instanceof Text) return comparePoints(a.value, b.value);
  if (Array.isArray(a) && Array.isArray(b)) {
    const at = a.findIndex((one, i) => i >= b.length || !isEqual(one, b[i]));
    return at < 0 ? a.length - b.length : at >= b.length ? 1 : compare(a[at], b[at]);
  }
  throw new TemplateError(`${typeName(a)} and ${typeName(b)} have no order`);
}

/** Python orders by code points, JavaScript by UTF-16 units. */
function comparePoints(a: string, b: string): number {
  const [x, y] = [Array.from(a, (one) => one.codePointAt(0)!), Array.from(b, (one) => one.codePointAt(0)!)];
  const at = x.findIndex((point, i) => point !== y[i]);
  return at < 0 ? x.length - y.length : at >= y.length ? 1 : x[at]! - y[at]!;
}

/** Python's str. */
export function toText(value: Value): Text {
  if (value instanceof Text) return value;
  return value === undefined ? text("") : represent(value);
}

/** Python's repr. */
function represent(value: Value): Text {
  if (value === null || value === undefined) return text(value === null ? "None" : "Undefined");
  if (typeof value === "boolean") return text(value ? "True" : "False");
  if (isNumber(value)) return text(numberText(value));
  if (value instanceof Text) return quoted(value);
  if (Array.isArray(value)) {
    const [open, close] = value instanceof Tuple ? ["(", value.length === 1 ? ",)" : ")"] : ["[", "]"];
    return Text.join([text(open), ...between(value.map(represent), ", "), text(close)]);
  }
  if (value instanceof Dict && value.isNamespace) return text("<Namespace>");
  if (value instanceof Dict) {
    const entries = value.items().map(([key, one]) => Text.join([represent(key), text(": "), represent(one)]));
    return Text.join([text("{"), ...between(entries, ", "), text("}")]);
  }
  return text("<function>");
}

function numberText(value: number | Float | boolean): string {
  const number = numberOf(value);
  if (value instanceof Float && Math.abs(number) < 1e16) return `${Object.is(number, -0) ? "-0" : number}.0`;
  if (Number.isNaN(number)) return "nan";
  if (!Number.isFinite(number)) return number > 0 ? "inf" : "-inf";
  return String(number).replace(/e([+-])(\d)$/, "e$10$2");
}

function quoted(value: Text): Text {
  const quote = value.value.includes("'") && !value.value.includes('"') ? '"' : "'";
  const names: Readonly<Record<string, string>> = { "\n": "n", "\r": "r", "\t": "t", "\\": "\\", [quote]: quote };
  const inside =
    notPrinted.test(value.value) || /[\\'"]/.test(value.value)
      ? value.map((one) => (one in names ? `\\${names[one]}` : notPrinted.test(one) ? codeOf(one.codePointAt(0)!) : one))
      : value;
  return Text.join([text(quote), inside, text(quote)]);
}

/** Python prints none of these, and the space. */
const notPrinted = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

function codeOf(point: number): string {
  const [letter, length] = point < 0x100 ? ["x", 2] : point < 0x10000 ? ["u", 4] : ["U", 8];
  return `\\${letter}${point.toString(16).padStart(length, "0")}`;
}

export const between = (parts: readonly Text[], separator: string | Text): Text[] =>
  parts.flatMap((part, i) => (i === 0 ? [part] : [typeof separator === "string" ? text(separator) : separator, part]));

/** Python's json.dumps with ensure_ascii=False, as Hugging Face's templates have it. */
export function toJson(value: Value, indent: number | undefined, [comma, colon]: readonly [string, string], sorted: boolean, depth = 0): Text {
  const write = (one: Value): Text => toJson(one, indent, [comma, colon], sorted, depth + 1);
  const list = (open: string, parts: Text[], close: string): Text => {
    if (parts.length === 0) return text(open + close);
    const line = (level: number): string => (indent === undefined ? "" : `\n${" ".repeat(indent * level)}`);
    return Text.join([text(open + line(depth + 1)), ...between(parts, comma + line(depth + 1)), text(line(depth) + close)]);
  };
  if (value === null) return text("null");
  if (typeof value === "boolean") return text(String(value));
  if (isNumber(value)) return text(numberText(value).replace("nan", "NaN").replace("inf", "Infinity"));
  if (value instanceof Text) return Text.join([text('"'), /["\\\p{Cc}]/u.test(value.value) ? value.map(jsonCharacter) : value, text('"')]);
  if (Array.isArray(value)) return list("[", value.map(write), "]");
  if (value instanceof Dict && !value.isNamespace) {
    const items = sorted ? value.items().sort(([a], [b]) => compare(a, b)) : value.items();
    const keys = items.map(([key, one]) =>
      Text.join([key instanceof Text ? write(key) : Text.join([text('"'), write(key), text('"')]), text(colon), write(one)]),
    );
    return list("{", keys, "}");
  }
  throw new TemplateError(`${typeName(value)} has no JSON`);
}

const jsonCharacter = (one: string): string => (one >= "\x7f" ? one : JSON.stringify(one).slice(1, -1));

/** A JavaScript value of the caller's. @param wrap gives strings their origin */
export function fromData(value: unknown, wrap: (text: string, key: string) => Text, key = ""): Value {
  if (typeof value === "string") return wrap(value, key);
  if (typeof value === "number" || typeof value === "boolean" || value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map((one) => fromData(one, wrap, key));
  if (typeof value !== "object") throw new TemplateError(`${typeof value} is not data`);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return new Dict(entries.map(([name, one]) => [Text.ofMessage(name), fromData(one, wrap, name)]));
}
