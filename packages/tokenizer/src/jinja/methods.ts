// Methods of strings, dicts and lists, as Python has them.
import type { Budget } from "./budget.ts";
import { argument, type Call, charactersOf, integer, string } from "./call.ts";
import { listOf, sizeHint } from "./containers.ts";
import { capitalized, isAll, isLower, isUpper, joined, linesOf, lower, replace, startsWith, titled, upper } from "./strings.ts";
import { Text } from "./text.ts";
import { Callable, Dict, isEqual, isTrue, type List, TemplateError, text, Tuple, type Value } from "./values.ts";

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
  isupper: isUpper,
  islower: isLower,
};

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
