import type { z } from "zod";
import { ConfigError, FileError, InvalidArgumentError, show } from "./errors.ts";
import { nearestName } from "./nearest-name.ts";
import { readBytes } from "./read-file.ts";
import { namesAt, schemaKeys } from "./schema-keys.ts";
import { standInError } from "./stand-in.ts";
import { valueProblem } from "./value-problem.ts";

/**
 * Checks plain data against a schema and freezes the result. Build schemas with `z.strictObject`, so that a
 * misspelled key is an error and not a default.
 *
 * @throws {ConfigError} listing every problem at once, an unknown key with the nearest known one
 */
export function parseConfig<S extends z.ZodType>(
  schema: S,
  data: unknown,
  {
    source = "config",
  }: {
    /** What the data is called in the error, e.g. a file name. @default "config" */
    source?: string;
  } = {},
): Readonly<z.output<S>> {
  const result = schema.safeParse(data, { error: valueProblem });
  if (result.success) return deepFreeze(result.data);
  throw new ConfigError({ source, problems: configProblems(schema, result.error.issues) });
}

/** The problems that a schema finds in data, a line for each bad value and each unknown key. */
export function configProblems(schema: z.ZodType, issues: readonly z.core.$ZodIssue[]): string[] {
  return issues.flatMap((issue) => {
    const branch = branchOf(issue);
    if (branch !== undefined) return configProblems(schema, branch);
    const path = issue.path.join(".");
    const messages =
      issue.code === "unrecognized_keys" ? issue.keys.map((key, i) => unknownKey(schema, issue.path, key, i < MOST_NEAREST)) : [messageOf(issue)];
    return messages.map((message) => (path === "" ? message : `${path}: ${message}`));
  });
}

/** Of a value that fits no branch of a union, the problems in the one whose parts it has, such as the object among names. */
function branchOf(issue: z.core.$ZodIssue): z.core.$ZodIssue[] | undefined {
  if (issue.code !== "invalid_union") return undefined;
  const alike = issue.errors.filter((branch) => branch.every(({ path, code }) => path.length > 0 || code === "unrecognized_keys"));
  return alike.length === 1 ? alike[0]!.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) : undefined;
}

/** More unknown keys than this are not typos. */
const MOST_NEAREST = 50;
/** Nor is a longer key. */
const LONGEST_KEY = 100;

function unknownKey(schema: z.ZodType, path: readonly PropertyKey[], key: string, mayBeNear: boolean): string {
  if (key.length > LONGEST_KEY) return `Unrecognized key: ${show(key)}`;
  if (!mayBeNear) return `Unrecognized key: ${JSON.stringify(key)}`;
  const near = nearestName(key, namesAt(schema, path));
  if (near === key) return `Unrecognized key: ${JSON.stringify(key)}`; // of another kind of the same setting
  const elsewhere = schemaKeys(schema).find((known) => known.path.at(-1) === key)?.path;
  const meant = near === undefined ? elsewhere : [...path, near];
  return `Unrecognized key: ${JSON.stringify(key)}${meant === undefined ? "" : `. Did you mean ${meant.join(".")}?`}`;
}

/** For a value that fits no branch of a union, what each branch expects. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_union" || issue.message !== "Invalid input") return issue.message;
  const wants = issue.errors.flatMap(([first]) => (first === undefined ? [] : [messageOf(first)]));
  return wants.length === 0 ? issue.message : [...new Set(wants)].join("; or ");
}

/** Settings from one place. */
export interface ConfigLayer {
  /** Where they come from, as shown to a person: `"recipe.json"`, `"--steps"`. */
  source: string;
  /** The settings themselves, not checked yet. */
  data: Readonly<Record<string, unknown>>;
}

/** Layers as one, the later over the earlier with objects merged key by key, and `key=value` settings over all of them. */
export function mergeSettings(layers: readonly ConfigLayer[], set: readonly string[] = []): Record<string, unknown> {
  return applySettings(mergeLayers(layers), set);
}

function mergeLayers(layers: readonly ConfigLayer[]): Record<string, unknown> {
  return layers.reduce<Record<string, unknown>>((merged, { data }) => mergeInto(merged, data), {});
}

function mergeInto(target: Readonly<Record<string, unknown>>, data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(data)) {
    const before = merged.get(key);
    merged.set(key, isObject(value) ? mergeInto(isObject(before) ? before : {}, value) : value);
  }
  return Object.fromEntries(merged);
}

/**
 * Reads a JSON config file and applies `key=value` settings to it, before `parseConfig`.
 *
 * Dots in a key go into nested objects; a value is JSON where it parses as JSON, else a string:
 * `["steps=100", "sampler.alg=entropy"]`.
 *
 * @throws {FileError} if the file cannot be read or is not JSON
 * @throws {InvalidArgumentError} if a setting is not of the form `key=value`, or its value is broken JSON
 */
export function readConfigData({
  file,
  set = [],
}: {
  /** Path of a JSON file with an object. @default none, an empty object */
  file?: string;
  /** Settings of the form `key=value` over the file's, the later over the earlier. @default none */
  set?: readonly string[];
}): Record<string, unknown> {
  return applySettings(file === undefined ? {} : readJsonObject(file), set);
}

/** Data with `key=value` settings laid over it; the data itself stays as it is. */
function applySettings(data: Readonly<Record<string, unknown>>, set: readonly string[]): Record<string, unknown> {
  return set
    .map((setting) => splitSetting(setting))
    .reduce<Record<string, unknown>>((target, { path, value }) => withValue(target, path, value), { ...data });
}

/** Parses a JSON file whose top level is an object. A byte order mark is skipped. @throws {FileError} */
export function readJsonObject(path: string): Record<string, unknown> {
  const text = readBytes(path)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw (
      standInError(path, text) ??
      new FileError({
        path,
        problem: text.trim() === "" ? "is empty; expected a JSON object" : `not valid JSON (${(cause as Error).message})`,
        cause,
      })
    );
  }
  if (!isObject(value)) throw new FileError({ path, problem: "must hold a JSON object" });
  return value;
}

/** `optimizer.learningRate=3e-4` as a path and a value. @throws {InvalidArgumentError} */
export function splitSetting(setting: string): { path: readonly string[]; value: unknown } {
  const equals = setting.indexOf("=");
  const path = setting.slice(0, equals).split(".");
  if (equals < 1 || path.some((part) => part === "" || part.trim() !== part || part === "__proto__")) {
    throw new InvalidArgumentError({ argument: "--set", value: setting, expected: "of the form key=value" });
  }
  return { path, value: parseValue(setting, setting.slice(equals + 1)) };
}

function withValue(target: Readonly<Record<string, unknown>>, [first, ...rest]: readonly string[], value: unknown): Record<string, unknown> {
  const inner = Object.hasOwn(target, first!) ? target[first!] : undefined;
  return { ...target, [first!]: rest.length === 0 ? value : innerWithValue(inner, rest, value) };
}

/** A number is an index into an existing list: `stages.1.maxSteps`. */
function innerWithValue(inner: unknown, path: readonly string[], value: unknown): unknown {
  if (!Array.isArray(inner) || !/^\d+$/.test(path[0]!)) return withValue(isObject(inner) ? inner : {}, path, value);
  const [index, rest] = [Number(path[0]), path.slice(1)];
  if (index > inner.length)
    throw new InvalidArgumentError({ argument: "--set", value: path.join("."), expected: `an index of at most ${inner.length} into its list` });
  const changed: unknown[] = [...(inner as unknown[])];
  changed[index] = rest.length === 0 ? value : innerWithValue(inner[index], rest, value);
  return changed;
}

function parseValue(setting: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (!/^\s*[[{"]/.test(text)) return text;
    const problem = (cause as Error).message;
    throw new InvalidArgumentError({
      argument: "--set",
      value: setting,
      expected: `key=value with a value in JSON (${problem})`,
      wayOut: "Quote it for the shell: --set 'key={\"a\":1}'.",
    });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
