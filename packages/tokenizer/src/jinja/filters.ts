// The filters of a template, after `|`. Each gets the value before the bar first.
import { argument, type Builtin, type Call, charactersOf, integer, string } from "./call.ts";
import { listOf, pathOf, sizeHint, sizeOf } from "./containers.ts";
import { testOf } from "./is-tests.ts";
import { capitalized, joined, linesOf, lower, replace, titleCased, upper } from "./strings.ts";
import { Text } from "./text.ts";
import {
  between,
  compare,
  Dict,
  Float,
  float,
  isFloat,
  isNumber,
  isTrue,
  type List,
  numberOf,
  TemplateError,
  text,
  toJson,
  toText,
  typeName,
  type Value,
  writtenLengthOf,
} from "./values.ts";

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

/** Filters that write their value, and those that compare its items. */
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
