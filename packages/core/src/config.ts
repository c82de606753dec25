import { readFileSync } from "node:fs";
import type { z } from "zod";
import { ConfigError, FileError, InvalidArgumentError } from "./errors.ts";

/**
 * Checks plain data against a schema and freezes the result. Build schemas with `z.strictObject`, so that a
 * misspelled key is an error and not a default.
 *
 * @param source what the data is called in the error, e.g. a file name
 * @throws {ConfigError} listing every problem at once
 */
export function parseConfig<S extends z.ZodType>(schema: S, data: unknown, { source = "config" }: { source?: string } = {}): Readonly<z.output<S>> {
  const result = schema.safeParse(data);
  if (result.success) return deepFreeze(result.data);
  const problems = result.error.issues.map((issue) => {
    const path = issue.path.join(".");
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  });
  throw new ConfigError({ source, problems });
}

/**
 * Reads a JSON config file and applies `key=value` settings to it, before `parseConfig`.
 *
 * Dots in a key go into nested objects; a value is JSON where it parses as JSON, else a string:
 * `["steps=100", "sampler.alg=entropy"]`.
 *
 * @throws {FileError} if the file cannot be read or is not JSON
 * @throws {InvalidArgumentError} if a setting is not of the form `key=value`
 */
export function readConfigData({ file, set = [] }: { file?: string; set?: readonly string[] }): Record<string, unknown> {
  const data: Record<string, unknown> = file === undefined ? {} : readJsonObject(file);
  for (const setting of set) applySetting(data, setting);
  return data;
}

/** Parses a JSON file whose top level is an object. @throws {FileError} */
export function readJsonObject(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new FileError({ path, problem: (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : (cause as Error).message, cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FileError({ path, problem: `not valid JSON (${(cause as Error).message})`, cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FileError({ path, problem: "must hold a JSON object" });
  }
  return value as Record<string, unknown>;
}

function applySetting(data: Record<string, unknown>, setting: string): void {
  const equals = setting.indexOf("=");
  const path = setting.slice(0, equals).split(".");
  if (equals < 1 || path.some((part) => part === "" || part === "__proto__")) {
    throw new InvalidArgumentError({ argument: "--set", value: setting, expected: "of the form key=value" });
  }
  let target = data;
  for (const part of path.slice(0, -1)) {
    const inner = Object.hasOwn(target, part) ? target[part] : undefined;
    if (typeof inner === "object" && inner !== null && !Array.isArray(inner)) target = inner as Record<string, unknown>;
    else target = target[part] = {};
  }
  target[path.at(-1) as string] = parseValue(setting.slice(equals + 1));
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
