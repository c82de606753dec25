// Filters, tests and methods of Jinja and Python that chat templates use. Each gets the value it stands behind first.
import type { Budget } from "./budget.ts";
import { Text } from "./text.ts";
import {
  between,
  Callable,
  compare,
  Dict,
  Float,
  float,
  isEqual,
  isFloat,
  isNumber,
  isTrue,
  type List,
  numberOf,
  TemplateError,
  text,
  toJson,
  toText,
  Tuple,
  typeName,
  writtenLengthOf,
  type Value,
} from "./values.ts";

/** What a filter or a method is called with. */
export interface Call {
  args: List;
  named: ReadonlyMap<string, Value>;
  budget: Budget;
}

type Builtin = (value: Value, call: Call) => Value;

const argument = ({ args, named }: Call, place: number, name: string): Value => (args.length > place ? args[place] : named.get(name));

function integer(value: Value, otherwise: number): number {
  if (value === undefined || value === null) return otherwise;
  if (!isNumber(value)) throw new TemplateError(`expected a number, got ${typeName(value)}`);
  return Math.trunc(numberOf(value));
}

function string(value: Value): Text {
  if (!(value instanceof Text)) throw new TemplateError(`expected a string, got ${typeName(value)}`);
  return value;
}

/** What a loop over a value gives. */
export function listOf(value: Value): List {
  if (Array.isArray(value)) return value;
  if (value instanceof Text) return value.characters();
  if (value instanceof Dict) return value.items().map(([key]) => key);
  if (value === undefined) return [];
  throw new TemplateError(`${typeName(value)} cannot be looped over`);
}

export function sizeOf(value: Value): number {
  if (value instanceof Text) return value.size;
  if (value instanceof Dict) return value.size;
  if (Array.isArray(value)) return value.length;
  if (value === undefined) return 0;
  throw new TemplateError(`${typeName(value)} has no length`);
}

/** A dotted path, as `attribute=` takes it. */
export function pathOf(value: Value, path: Value): Value {
  if (isNumber(path)) return Array.isArray(value) ? value[numberOf(path)] : undefined;
  return string(path)
    .value.split(".")
    .reduce((one: Value, name) => (one instanceof Dict ? one.get(text(name)) : Array.isArray(one) ? one[Number(name)] : undefined), value);
}

const upper = (one: string): string => one.toUpperCase();
const lower = (one: string): string => one.toLowerCase();
const capitalized = (value: Text): Text => {
  const [first, ...rest] = value.characters();
  return first === undefined ? value : Text.join([first.withCase(upper), Text.join(rest).withCase(lower)]);
};
/** The method: every run of letters is a word. */
const titled = (value: Text): Text =>
  Text.join(
    Array.from(value.value.matchAll(/\p{L}+|\P{L}+/gu), ({ index, 0: run }) => {
      const [first, ...rest] = value
        .slice(index, index + run.length)
        .withCase(lower)
        .characters();
      return Text.join([(first as Text).map(upper), ...rest]);
    }),
  );

/** The filter: words begin behind white space and opening brackets, not behind every sign. */
function titleCased(value: Text): Text {
  const parts: Text[] = [];
  for (const { index, 0: part } of value.value.matchAll(/[-\s({[<]+|[^-\s({[<]+/gu)) parts.push(capitalized(value.slice(index, index + part.length)));
  return Text.join(parts);
}

function replace(value: Text, from: Text, to: Text, count: number, budget: Budget): Text {
  const parts = from.length === 0 ? [text(""), ...value.characters(), text("")] : value.split(from.value, count < 0 ? Infinity : count);
  budget.charge(parts.length * to.length + value.length);
  return Text.join(between(parts, to));
}

const startsWith = (value: Text, what: Value, at: "startsWith" | "endsWith"): boolean =>
  (Array.isArray(what) ? what : [what]).some((one) => value.value[at](string(one).value));

const isAll =
  (pattern: RegExp) =>
  (value: Value): boolean =>
    pattern.test(string(value).value);

/** As Python ends lines. */
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

function linesOf(value: Text, keepsEnds = false): Text[] {
  const lines: Text[] = [];
  let start = 0;
  for (const { index, 0: end } of value.value.matchAll(LINE_END)) {
    lines.push(value.slice(start, keepsEnds ? index + end.length : index));
    start = index + end.length;
  }
  if (start < value.length) lines.push(value.slice(start));
  return lines;
}

/** Methods of a string that take one argument here; Python's also take where to begin and to end, which would change the answer. */
const ofOneArgument: ReadonlySet<string> = new Set("startswith endswith find rfind index count".split(" "));

const stringMethods: Readonly<Record<string, (value: Text, call: Call) => Value>> = {
  upper: (value) => value.withCase(upper),
  lower: (value) => value.withCase(lower),
  title: (value) => titled(value),
  capitalize: (value) => capitalized(value),
  strip: (value, call) => value.trim("both", charactersOf(call)),
  lstrip: (value, call) => value.trim("start", charactersOf(call)),
  rstrip: (value, call) => value.trim("end", charactersOf(call)),
  startswith: (value, { args }) => startsWith(value, args[0], "startsWith"),
  endswith: (value, { args }) => startsWith(value, args[0], "endsWith"),
  removeprefix: (value, { args }) => (startsWith(value, args[0], "startsWith") ? value.slice(string(args[0]).length) : value),
  removesuffix: (value, { args }) => (startsWith(value, args[0], "endsWith") ? value.slice(0, value.length - string(args[0]).length) : value),
  replace: (value, call) => replace(value, string(call.args[0]), string(call.args[1]), integer(argument(call, 2, "count"), -1), call.budget),
  split: (value, call) => {
    const separator = argument(call, 0, "sep");
    const limit = limitOf(call);
    if (separator === undefined || separator === null) return value.words(limit);
    return value.split(nonEmpty(separator), limit);
  },
  rsplit: (value, call) => {
    const separator = argument(call, 0, "sep");
    if (separator !== undefined && separator !== null) return value.splitRight(nonEmpty(separator), limitOf(call));
    if (limitOf(call) === Infinity) return value.words();
    throw new TemplateError("rsplit with a limit needs a separator here");
  },
  splitlines: (value, call) => linesOf(value, isTrue(argument(call, 0, "keepends"))),
  partition: (value, { args }) => {
    const separator = nonEmpty(args[0]);
    const [head, tail] = value.split(separator, 1) as [Text, Text | undefined];
    if (tail === undefined) return Tuple.of(value, text(""), text("")) as Tuple;
    return Tuple.of(head, value.slice(head.length, head.length + separator.length), tail) as Tuple;
  },
  find: (value, { args }) => positionOf(value, value.value.indexOf(string(args[0]).value)),
  rfind: (value, { args }) => positionOf(value, value.value.lastIndexOf(string(args[0]).value)),
  index: (value, { args }) => {
    const at = positionOf(value, value.value.indexOf(string(args[0]).value));
    if (at < 0) throw new TemplateError("substring not found");
    return at;
  },
  count: (value, { args }) => value.split(nonEmpty(args[0])).length - 1,
  join: (value, { args, budget }) => joined(listOf(args[0]).map(string), value, budget),
  isdigit: isAll(/^\p{Nd}+$/u),
  isalpha: isAll(/^\p{L}+$/u),
  isalnum: isAll(/^[\p{L}\p{N}]+$/u),
  isspace: isAll(/^\s+$/u),
  isupper: (value) => value.value === value.value.toUpperCase() && value.value !== value.value.toLowerCase(),
  islower: (value) => value.value === value.value.toLowerCase() && value.value !== value.value.toUpperCase(),
};

function charactersOf({ args }: Call): string | undefined {
  return args[0] === undefined || args[0] === null ? undefined : string(args[0]).value;
}

function limitOf(call: Call): number {
  const limit = integer(argument(call, 1, "maxsplit"), -1);
  return limit < 0 ? Infinity : limit;
}

function nonEmpty(separator: Value): string {
  const { value } = string(separator);
  if (value === "") throw new TemplateError("empty separator");
  return value;
}

/** A place in code points. */
const positionOf = (value: Text, at: number): number => (at < 0 ? -1 : value.slice(0, at).size);

function joined(parts: readonly Text[], separator: Text, budget: Budget): Text {
  budget.charge(parts.reduce((total, part) => total + part.length + separator.length, 0));
  return Text.join(between(parts, separator));
}

const dictMethods: Readonly<Record<string, (value: Dict, call: Call) => Value>> = {
  get: (value, call) => (value.has(call.args[0]) ? value.get(call.args[0]) : (argument(call, 1, "default") ?? null)),
  items: (value) => value.items(),
  keys: (value) => value.items().map(([key]) => key),
  values: (value) => value.items().map(([, one]) => one),
};

const listMethods: Readonly<Record<string, (value: List, call: Call) => Value>> = {
  index: (value, { args }) => {
    const at = value.findIndex((one) => isEqual(one, args[0]));
    if (at < 0) throw new TemplateError("the value is not in the list");
    return at;
  },
  count: (value, { args }) => value.filter((one) => isEqual(one, args[0])).length,
};

/** A method of a value, undefined if it has none of this name. Those that change a value do not exist, as in Hugging Face's sandbox. */
export function methodOf(value: Value, name: string, budget: Budget): Callable | undefined {
  const bind = <T extends Value>(methods: Readonly<Record<string, (value: T, call: Call) => Value>>, owner: T): Callable | undefined => {
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (method === undefined) return undefined;
    return new Callable((args, named) => {
      if (owner instanceof Text && ofOneArgument.has(name) && args.length > 1) throw new TemplateError(`${name} takes one argument here`);
      budget.charge(sizeHint(owner));
      return method(owner, { args, named, budget });
    });
  };
  if (value instanceof Text) return bind(stringMethods, value);
  if (value instanceof Dict) return bind(dictMethods, value);
  return Array.isArray(value) ? bind(listMethods, value) : undefined;
}

/** About how much work it is to go through a value. */
export function sizeHint(value: Value): number {
  return value instanceof Text || Array.isArray(value) ? value.length : value instanceof Dict ? value.size : 1;
}

const bySelection =
  (keeps: boolean, hasAttribute: boolean): Builtin =>
  (value, call) => {
    const attribute = hasAttribute ? call.args[0] : undefined;
    const [name, ...args] = hasAttribute ? call.args.slice(1) : call.args;
    const test = name === undefined ? isTrue : testOf(string(name).value);
    return listOf(value).filter((one) => test(attribute === undefined ? one : pathOf(one, attribute), { ...call, args }) === keeps);
  };

function sorted(value: Value, call: Call): List {
  const attribute = argument(call, 2, "attribute");
  const isSensitive = isTrue(argument(call, 1, "case_sensitive"));
  const key = (one: Value): Value => {
    const found = attribute === undefined || attribute === null ? one : pathOf(one, attribute);
    return found instanceof Text && !isSensitive ? found.withCase(lower) : found;
  };
  const list = listOf(value).toSorted((a, b) => compare(key(a), key(b)));
  return isTrue(argument(call, 0, "reverse")) ? list.toReversed() : list;
}

function numeric(value: Value, otherwise: Value, parse: (text: string) => number, make: (number: number) => Value): Value {
  const number = isNumber(value) ? numberOf(value) : value instanceof Text ? parse(value.value.trim()) : Number.NaN;
  return Number.isNaN(number) ? otherwise : make(number);
}

function rounded(value: Value, call: Call): Value {
  if (!isNumber(value)) throw new TemplateError(`expected a number, got ${typeName(value)}`);
  const scale = 10 ** integer(argument(call, 0, "precision"), 0);
  const method = argument(call, 1, "method");
  const how = method instanceof Text ? method.value : "common";
  if (how === "common" && !isFloat(value)) return value;
  const scaled = numberOf(value) * scale;
  const half = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
  return float((how === "ceil" ? Math.ceil(scaled) : how === "floor" ? Math.floor(scaled) : half(scaled)) / scale);
}

function indented(value: Text, call: Call): Text {
  const width = argument(call, 0, "width");
  const pad = width instanceof Text ? width : text(" ".repeat(Math.min(1000, Math.max(0, integer(width, 4)))));
  const [isFirst, isBlank] = [isTrue(argument(call, 1, "first")), isTrue(argument(call, 2, "blank"))];
  const lines = linesOf(value.concat(text("\n")));
  call.budget.charge(lines.length * pad.length);
  return Text.join(
    between(
      lines.map((line, i) => ((i === 0 ? isFirst : isBlank || line.length > 0) ? pad.concat(line) : line)),
      "\n",
    ),
  );
}

function unique(value: Value, call: Call): List {
  const seen = new Set<string>();
  return listOf(value).filter((one) => {
    call.budget.charge(1);
    const key = toJson(one instanceof Text ? one.withCase(lower) : one, undefined, [",", ":"], false).value;
    return !seen.has(key) && seen.add(key);
  });
}

function json(value: Value, call: Call): Text {
  const indent = argument(call, 0, "indent") ?? undefined;
  const separators = call.named.get("separators");
  const usual = [indent === undefined ? ", " : ",", ": "] as const;
  const [comma, colon] = Array.isArray(separators) ? separators.map((one) => string(one).value) : usual;
  return toJson(
    value,
    indent === undefined ? undefined : Math.min(100, integer(indent, 0)),
    [comma ?? ", ", colon ?? ": "],
    isTrue(call.named.get("sort_keys")),
  );
}

const filters: Readonly<Record<string, Builtin>> = {
  trim: (value, call) => toText(value).trim("both", charactersOf(call)),
  upper: (value) => toText(value).withCase(upper),
  lower: (value) => toText(value).withCase(lower),
  title: (value) => titleCased(toText(value)),
  capitalize: (value) => capitalized(toText(value)),
  length: sizeOf,
  count: sizeOf,
  string: toText,
  safe: (value) => value,
  escape: (value) => {
    const names: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", '"': "&#34;" };
    return toText(value).map((one) => names[one] ?? one);
  },
  replace: (value, call) => replace(toText(value), toText(call.args[0]), toText(call.args[1]), integer(argument(call, 2, "count"), -1), call.budget),
  indent: (value, call) => indented(toText(value), call),
  wordcount: (value) => toText(value).value.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0,
  join: (value, call) => {
    const attribute = argument(call, 1, "attribute");
    const parts = listOf(value).map((one) => toText(attribute === undefined ? one : pathOf(one, attribute)));
    return joined(parts, toText(argument(call, 0, "d")), call.budget);
  },
  default: (value, call) => {
    const isMissing = value === undefined || (isTrue(argument(call, 1, "boolean")) && !isTrue(value));
    return isMissing ? (call.args.length > 0 || call.named.has("default_value") ? argument(call, 0, "default_value") : text("")) : value;
  },
  first: (value) => listOf(value)[0],
  last: (value) => listOf(value).at(-1),
  list: (value) => [...listOf(value)],
  reverse: (value) => (value instanceof Text ? Text.join(value.characters().toReversed()) : listOf(value).toReversed()),
  items: (value) => {
    if (value === undefined) return [];
    if (!(value instanceof Dict)) throw new TemplateError(`items wants a dict, got ${typeName(value)}`);
    return value.items();
  },
  dictsort: (value, call) => {
    if (!(value instanceof Dict)) throw new TemplateError(`dictsort wants a dict, got ${typeName(value)}`);
    const place = toText(argument(call, 1, "by")).value === "value" ? 1 : 0;
    const key = (pair: Value): Value =>
      (pair as List)[place] instanceof Text ? ((pair as List)[place] as Text).withCase(lower) : (pair as List)[place];
    const list = value.items().sort((a, b) => compare(key(a), key(b)));
    return isTrue(argument(call, 2, "reverse")) ? list.reverse() : list;
  },
  sort: sorted,
  unique,
  sum: (value, call) => {
    const attribute = argument(call, 0, "attribute");
    const numbers = listOf(value).map((one) => (attribute === undefined ? one : pathOf(one, attribute)));
    const total = numbers.reduce(
      (sum: number, one) => {
        if (!isNumber(one)) throw new TemplateError(`sum wants numbers, got ${typeName(one)}`);
        return sum + numberOf(one);
      },
      integer(argument(call, 1, "start"), 0),
    );
    return numbers.some(isFloat) ? float(total) : total;
  },
  min: (value) => listOf(value).toSorted(compare)[0],
  max: (value) => listOf(value).toSorted(compare).at(-1),
  abs: (value) => {
    if (!isNumber(value)) throw new TemplateError(`abs wants a number, got ${typeName(value)}`);
    return value instanceof Float ? new Float(Math.abs(value.value)) : Math.abs(numberOf(value));
  },
  round: rounded,
  int: (value, call) =>
    numeric(value, argument(call, 0, "default") ?? 0, (from) => (/^[+-]?\d+(\.\d*)?$/.test(from) ? Number(from) : Number.NaN), Math.trunc),
  float: (value, call) => numeric(value, argument(call, 0, "default") ?? new Float(0), (from) => (from === "" ? Number.NaN : Number(from)), float),
  map: (value, call) => {
    const attribute = call.named.get("attribute");
    if (attribute !== undefined) return listOf(value).map((one) => pathOf(one, attribute) ?? call.named.get("default"));
    const [name, ...args] = call.args;
    const filter = filterOf(string(name).value);
    return listOf(value).map((one) => filter(one, { ...call, args }));
  },
  select: bySelection(true, false),
  reject: bySelection(false, false),
  selectattr: bySelection(true, true),
  rejectattr: bySelection(false, true),
  tojson: json,
};
const aliases: Readonly<Record<string, string>> = { d: "default", e: "escape" };

/** Filters that write their value, and those that compare what is in it. */
const writing: ReadonlySet<string> = new Set(
  "trim upper lower title capitalize string escape replace indent wordcount join tojson unique".split(" "),
);
const comparing: ReadonlySet<string> = new Set("sort dictsort min max unique".split(" "));

export function filterOf(name: string): Builtin {
  const known = aliases[name] ?? name;
  if (!Object.hasOwn(filters, known)) throw new TemplateError(`unknown filter ${name}`);
  const filter = filters[known] as Builtin;
  return (value, call) => {
    const size = sizeHint(value);
    call.budget.charge(writing.has(known) || comparing.has(known) ? writtenLengthOf(value) : size);
    if (comparing.has(known)) call.budget.charge(writtenLengthOf(value) * Math.log2(size + 1));
    return filter(value, call);
  };
}

type Test = (value: Value, call: Call) => boolean;

const isInteger = (value: Value): value is number => typeof value === "number" && Number.isInteger(value);
const order =
  (holds: (difference: number) => boolean): Test =>
  (value, { args }) =>
    holds(compare(value, args[0]));
const equal: Test = (value, { args }) => isEqual(value, args[0]);
const unequal: Test = (value, { args }) => !isEqual(value, args[0]);

/** Python's `in`. */
export function isIn(value: Value, container: Value): boolean {
  if (container instanceof Text) return container.value.includes(string(value).value);
  if (container instanceof Dict) return container.has(value);
  return listOf(container).some((one) => isEqual(one, value));
}

const tests: Readonly<Record<string, Test>> = {
  defined: (value) => value !== undefined,
  undefined: (value) => value === undefined,
  none: (value) => value === null,
  true: (value) => value === true,
  false: (value) => value === false,
  boolean: (value) => typeof value === "boolean",
  integer: isInteger,
  float: isFloat,
  number: isNumber,
  string: (value) => value instanceof Text,
  mapping: (value) => value instanceof Dict,
  sequence: (value) => value instanceof Text || Array.isArray(value) || value instanceof Dict,
  iterable: (value) => value instanceof Text || Array.isArray(value) || value instanceof Dict || value === undefined,
  callable: (value) => value instanceof Callable,
  odd: (value) => isInteger(value) && value % 2 !== 0,
  even: (value) => isInteger(value) && value % 2 === 0,
  upper: (value) => stringMethods["isupper"]?.(toText(value), noCall) === true,
  lower: (value) => stringMethods["islower"]?.(toText(value), noCall) === true,
  eq: equal,
  equalto: equal,
  "==": equal,
  ne: unequal,
  "!=": unequal,
  lt: order((difference) => difference < 0),
  lessthan: order((difference) => difference < 0),
  le: order((difference) => difference <= 0),
  gt: order((difference) => difference > 0),
  greaterthan: order((difference) => difference > 0),
  ge: order((difference) => difference >= 0),
  in: (value, { args }) => isIn(value, args[0]),
};
const noCall = { args: [], named: new Map() } as unknown as Call;

export function testOf(name: string): Test {
  if (!Object.hasOwn(tests, name)) throw new TemplateError(`unknown test ${name}`);
  return tests[name] as Test;
}
