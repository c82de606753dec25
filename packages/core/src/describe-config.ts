// What `--print-config` shows: every key of a configuration with its value, where that came from, its default and its meaning.
import type { z } from "zod";
import { valueProblem } from "./value-problem.ts";
import { configProblems, type ConfigLayer, mergeSettings, splitSetting } from "./config.ts";
import { ConfigError } from "./errors.ts";
import { schemaKeys } from "./schema-keys.ts";

/** One key of a configuration as it will be used. */
export interface DescribedKey {
  /** Dotted, as `--set` takes it: `optimizer.learningRate`. */
  key: string;
  /** Undefined if it is not set and has no default. */
  value: unknown;
  /** The layer that the value comes from, `"--set"` or `"default"`; `"required"` or `"not set"` where there is no value. */
  source: string;
  /** What it would be if nothing were given; undefined if it has no default. */
  default: unknown;
  /** The schema's description of it; undefined if it has none. */
  meaning: string | undefined;
}

/**
 * Describes every key of a schema: its meaning, the value that it will have and where that comes from. Missing keys are
 * shown as required; rules that combine keys at the top are checked when the command runs.
 *
 * @throws {ConfigError} listing unknown keys and bad values
 */
export function describeConfig(
  schema: z.ZodType,
  {
    defaults = [],
    layers,
    set = [],
    source = "config",
  }: {
    /** Defaults that take precedence over the schema's own. @default none */
    defaults?: readonly ConfigLayer[];
    /** What was given, each layer over the one before. */
    layers: readonly ConfigLayer[];
    /** Settings of the form `key=value`, over all of them. @default none */
    set?: readonly string[];
    /** What the data is called in the error. @default "config" */
    source?: string;
  },
): DescribedKey[] {
  const settings = set.map((setting) => splitSetting(setting));
  const all = [...defaults, ...layers];
  const usual = mergeSettings(defaults);
  const data = mergeSettings(all, set);
  const { error } = schema.safeParse(data, { error: valueProblem });
  const wrong = (error?.issues ?? []).filter(({ code, path }) => (path.length === 0 ? code !== "custom" : at(data, path) !== undefined));
  if (wrong.length > 0) throw new ConfigError({ source, problems: configProblems(schema, wrong) });

  return schemaKeys(schema).map(({ path, meaning, default: schemaDefault, isRequired }): DescribedKey => {
    const given = at(data, path);
    const fallback = at(usual, path) ?? schemaDefault;
    const isSet = settings.some(({ path: other }) => isPrefix(other, path) || isPrefix(path, other));
    const layer = all.findLast((one) => at(one.data, path) !== undefined);
    const absent = fallback !== undefined ? "default" : isRequired ? "required" : "not set";
    const from = given === undefined ? absent : isSet ? "--set" : (layer?.source ?? "default");
    return { key: path.join("."), value: given ?? fallback, source: from, default: fallback, meaning };
  });
}

/** Described keys as lines of text: `key = value`, source, default and meaning in columns. */
export function configTable(keys: readonly DescribedKey[]): string {
  const rows = keys.map(({ key, value, source, default: fallback, meaning }) => [
    key,
    value === undefined ? "-" : JSON.stringify(value),
    source,
    fallback === undefined ? "-" : JSON.stringify(fallback),
    meaning ?? "",
  ]);
  const all = [["key", "value", "from", "default", "meaning"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.min(28, Math.max(...all.map((row) => row[column]!.length))));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function at(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, name) ? (value as Record<PropertyKey, unknown>)[name] : undefined,
    data,
  );
}

function isPrefix(short: readonly string[], long: readonly string[]): boolean {
  return short.every((name, i) => name === long[i]);
}
