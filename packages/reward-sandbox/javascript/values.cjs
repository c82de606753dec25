// JavaScript values as JSON with tags, for the scripts beside this file. Only plain data passes.
"use strict";
const { readSync, writeSync } = require("node:fs");
const { stringify } = JSON; // before a program can replace it
const OUTPUT_LIMIT = 1 << 20;
const DEEPEST = 200; // as in ../src/values.ts

class Refused extends Error {}

function encode(value, depth = 0) {
  if (depth > DEEPEST) throw new Refused("a value nested too deeply");
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (value === undefined) return { undefined: true };
  if (typeof value === "bigint") return { bigint: String(value) };
  if (typeof value === "number") {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return value;
    return {
      float: Number.isNaN(value) ? "nan" : value === Infinity ? "inf" : value === -Infinity ? "-inf" : Object.is(value, -0) ? "-0" : String(value),
    };
  }
  const kind = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
  if (kind === Array.prototype && Array.isArray(value)) return Array.from(value, (item) => encode(item, depth + 1));
  if (kind === Map.prototype) return { map: Array.from(value, ([key, item]) => [encode(key, depth + 1), encode(item, depth + 1)]) };
  if (kind === Set.prototype) return { set: Array.from(value, (item) => encode(item, depth + 1)) };
  if (kind === Object.prototype || kind === null) return { dict: Object.entries(value).map(([key, item]) => [key, encode(item, depth + 1)]) };
  throw new Refused(`a value of type ${typeof value === "object" ? (value.constructor?.name ?? "object") : typeof value}`);
}

function decode(value) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(decode);
  const [[tag, inner]] = Object.entries(value);
  const pairs = () => inner.map(([key, item]) => [decode(key), decode(item)]);
  switch (tag) {
    case "undefined":
      return undefined;
    case "int":
    case "bigint":
      return BigInt(inner);
    case "float":
      return inner === "nan" ? NaN : inner === "inf" ? Infinity : inner === "-inf" ? -Infinity : Number(inner);
    case "tuple":
      return inner.map(decode);
    case "set":
    case "frozenset":
      return new Set(inner.map(decode));
    case "map":
      return new Map(pairs());
    case "dict":
      return Object.fromEntries(pairs());
    default:
      throw new Refused(`a value of kind ${tag}`);
  }
}

/** A function that writes a line of JSON, [status, value or detail], of limited size. */
function answerTo(file, limit = OUTPUT_LIMIT) {
  return (status, value = null) => {
    let text = stringify([status, value]);
    if (Buffer.byteLength(text) > limit) text = '["output-limit","too large a value"]';
    let rest = Buffer.from(`${text}\n`);
    while (rest.length > 0) rest = rest.subarray(writeSync(file, rest));
  };
}

/** Lines of a file, each as soon as it is complete. */
function* linesOf(file) {
  const chunk = Buffer.alloc(1 << 16);
  let rest = Buffer.alloc(0);
  for (;;) {
    let end;
    while ((end = rest.indexOf(10)) === -1) {
      const count = readSync(file, chunk);
      if (count === 0) return;
      rest = Buffer.concat([rest, chunk.subarray(0, count)]);
    }
    yield rest.toString("utf8", 0, end);
    rest = rest.subarray(end + 1);
  }
}

/** [status, detail] of something thrown. */
function failureOf(error) {
  if (error instanceof Refused) return ["wrong", `returned ${error.message}, which is not plain data`];
  const code = String(error?.code ?? "");
  if (code === "EPERM" || code === "EACCES" || code === "EROFS" || code === "ERR_ACCESS_DENIED") return ["forbidden", code];
  if (code === "ERR_MEMORY_ALLOCATION_FAILED" || error?.message === "Array buffer allocation failed") return ["memory", "allocation failed"];
  return ["exception", String(error?.name ?? typeof error).slice(0, 200)];
}

const isAssertion = (error) => error?.code === "ERR_ASSERTION";

/** JavaScript's own classes of errors. */
const ERRORS = { Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const { getPrototypeOf, getOwnPropertyDescriptor, entries } = Object;

/** A program's errors may have any value as a name. */
const textOf = (value) => String(value);

/** Plain data, or text for what is not. */
function encodeOrText(value) {
  try {
    return encode(value);
  } catch {
    return String(value);
  }
}

/** Something thrown, as plain data: { value }, or for an error its classes, the most specific first, and its content. */
function describe(error, depth = 0) {
  if (!(error instanceof Error)) return { value: encodeOrText(error) };
  const classes = [];
  for (let kind = getPrototypeOf(error); kind !== null && kind !== Object.prototype; kind = getPrototypeOf(kind)) {
    classes.push(String(kind.constructor?.name).slice(0, 200));
  }
  const inner = (name) => (depth < 5 && getOwnPropertyDescriptor(error, name) !== undefined ? describe(error[name], depth + 1) : undefined);
  return {
    classes,
    name: textOf(error.name),
    message: textOf(error.message),
    properties: entries(error).map(([name, value]) => [name, encodeOrText(value)]),
    cause: inner("cause"),
    errors: Array.isArray(error.errors) && depth < 5 ? error.errors.map((each) => describe(each, depth + 1)) : undefined,
  };
}

/** Rebuilds a described value: an error of one of JavaScript's classes, or of a class that extends the nearest one. */
function rebuild(described) {
  if (described.classes === undefined) return decode(described.value);
  const { classes, name, message, properties, cause, errors } = described;
  const own = classes.find((kind) => Object.hasOwn(ERRORS, kind)) ?? "Error";
  const kind = classes[0] === own ? ERRORS[own] : { [classes[0]]: class extends ERRORS[own] {} }[classes[0]];
  const error = own === "AggregateError" ? new kind((errors ?? []).map(rebuild), message) : new kind(message);
  const hide = (property, value) => Object.defineProperty(error, property, { value, configurable: true, writable: true });
  if (error.name !== name) hide("name", name);
  if (cause !== undefined) hide("cause", rebuild(cause));
  for (const [property, value] of properties) error[property] = decode(value);
  return error;
}

/** Parses a program and returns a function that runs it as a separate script; undefined after reporting a failure. */
function parseProgram(code, answer) {
  const vm = require("node:vm");
  Object.assign(globalThis, { require, module: { exports: {} }, exports: {} });
  let script;
  try {
    script = new vm.Script(code, { filename: "candidate.js" });
  } catch {
    answer("syntax", "SyntaxError");
    return undefined;
  }
  answer("parsed");
  const { module } = globalThis;
  const { exports } = module;
  globalThis.exports = exports;
  const isName = (name) => vm.runInThisContext(`typeof ${name}`) !== "undefined";
  /** A function by its name: a global one, or the export of this name, or `module.exports`. */
  const named = (name) => {
    if (isName(name)) return vm.runInThisContext(name);
    const given = module.exports[name] ?? exports[name] ?? (typeof module.exports === "function" ? module.exports : undefined);
    return given ?? vm.runInThisContext(name);
  };
  return { run: () => script.runInThisContext(), evaluate: (text) => vm.runInThisContext(text), named };
}

const FAILURES = ["wrong", "exception", "memory", "output-limit", "forbidden", "syntax"];
const FORGED = ["forbidden", "forged an answer"];

module.exports = { FAILURES, FORGED, Refused, answerTo, decode, describe, encode, failureOf, isAssertion, linesOf, parseProgram, rebuild };
