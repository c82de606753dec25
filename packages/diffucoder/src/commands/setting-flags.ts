// Settings of a command: `--config FILE`, then flags, then `--set key=value`, each over the one before. A flag is
// another spelling of a setting, so one schema checks all of them.
import { addSettingOptions, kebab } from "@diffucoder/command-line";
import { ConfigError, type ConfigLayer, configTable, describeConfig, mergeSettings, readConfigData, readJsonObject } from "@diffucoder/core";
import type { Command } from "commander";
import type { z } from "zod";
import { addConstraintFlags, constraintLayers } from "./constraint-flags.ts";

const repeated = (value: string, before: string[] = []): string[] => [...before, value];

/** Settings that have a flag each. */
type Settings = Readonly<Record<string, z.ZodType>>;

/** Settings with their own options, whose flag gives only the kind. */
const OF_A_KIND = ["cache", "constraint"];

/** Adds a flag for each setting, `--config`, `--set` and `--json`. Descriptions are the schema's. */
export function addSettingFlags(command: Command, settings: Settings): Command {
  if ("constraint" in settings) addConstraintFlags(command);
  return addSettingOptions(command, settings)
    .option("--config <file>", "settings as JSON")
    .option("--set <key=value>", "one setting, e.g. cache.refreshSteps=4; may be repeated", repeated, [])
    .option("--print-config", "show every setting with its value, source, default and meaning, then exit")
    .option("--json", "print the result as JSON")
    .allowExcessArguments(false);
}

export interface Flags extends Record<string, unknown> {
  config?: string;
  set: string[];
  regex?: string;
  jsonSchema?: string;
  json?: boolean;
  printConfig?: boolean;
}

/**
 * The settings of flags, `--set` and `--config` together.
 *
 * @param texts settings whose flags are taken literally, even if they look like JSON
 * @throws {FileError} if the config file cannot be read
 * @throws {InvalidArgumentError} if a `--set` is not of the form `key=value`
 */
export function readSettings(flags: Flags, texts: readonly string[]): Record<string, unknown> {
  const { layers, set } = settingLayers(flags, texts);
  return mergeSettings(layers, set);
}

/** The same, each with its source. */
export function settingLayers(
  { config, set, json: _json, printConfig: _print, regex, jsonSchema, ...flags }: Flags,
  texts: readonly string[],
): { layers: ConfigLayer[]; set: readonly string[] } {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const ofFlags = given.map(([name, value]): ConfigLayer => {
    const key = OF_A_KIND.includes(name) ? `${name}.kind` : name;
    const isText = typeof value !== "string" || texts.includes(name);
    return { source: `--${kebab(name)}`, data: isText ? { [name]: value } : readConfigData({ set: [`${key}=${value}`] }) };
  });
  const ofFile = config === undefined ? [] : [{ source: config, data: readJsonObject(config) }];
  return { layers: [...ofFile, ...ofFlags, ...constraintLayers({ regex, jsonSchema })], set };
}

/** The output of `--print-config`. @throws {ConfigError} listing unknown keys and bad values */
export function settingsText(
  schema: z.ZodType,
  { flags, texts = [], defaults = [], source }: { flags: Flags; texts?: readonly string[]; defaults?: readonly ConfigLayer[]; source: string },
): string {
  const keys = describeConfig(schema, { ...settingLayers(flags, texts), defaults, source });
  return flags.json === true ? JSON.stringify(keys) : configTable(keys);
}

/** Runs checks one after the other, and reports the problems of all. @throws {ConfigError} */
export function reportTogether(source: string, checks: readonly (() => void)[]): void {
  const problems: string[] = [];
  for (const check of checks) {
    try {
      check();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError({ source, problems });
}
