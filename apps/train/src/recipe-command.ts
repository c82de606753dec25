// What commands that run a recipe share: their flags, the recipe that comes of them, and its plan.
import { addSettingOptions, type Terminal } from "@diffucoder/command-line";
import { configTable, describeConfig, parseConfig, readConfigData, readJsonObject } from "@diffucoder/core";
import { paperRecipe, type PlannedRecipe, recipeFile } from "@diffucoder/recipes";
import type { Command } from "commander";
import { type ExecutorOptions, ExecutorOptionsSchema } from "diffucoder";
import type { z } from "zod";
import { planText } from "./plan-text.ts";

export interface CommonFlags extends ExecutorOptions {
  config?: string;
  set: string[];
  output: string;
  json?: boolean;
  fresh?: boolean;
  printConfig?: boolean;
  plan?: boolean;
}

export type DataFlags = Pick<CommonFlags, "set"> & { data?: string };

export const ADAPTER_TO_GO_ON_FROM = "LoRA adapter of that model to go on from, in PEFT's form (default: a new one, if the recipe has a lora)";

export const PLAN = "print what the run would take: tokens, memory and time; of the model only config.json and the other small files are read";

export interface Context {
  terminal: Terminal;
  signal: AbortSignal;
}

export function addCommand(program: Command, name: string, description: string, output: string): Command {
  const command = program.command(name).description(description);
  return addSettingOptions(command, ExecutorOptionsSchema.shape)
    .option("--config <file>", "recipe file, or diffucoder-7b, the paper's recipe of the stage (default: the small model's)")
    .option(
      "--set <key=value>",
      "changes one setting of the recipe, e.g. training.learningRate=1e-4; may be repeated; --print-config lists them all",
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option("--print-config", "print every key that --set takes, with its value, source and meaning, then exit")
    .option("--output <dir>", "folder of the run", output)
    .option("--fresh", "start over instead of resuming the run in the folder")
    .option("--json", "print the result as JSON, and progress as JSON lines")
    .allowExcessArguments(false);
}

export function showPlan(plan: PlannedRecipe, { json }: CommonFlags, terminal: Terminal): void {
  terminal.out(json === true ? JSON.stringify(plan) : planText(plan));
}

/** The recipe that a command runs; undefined with `--print-config`, which prints it instead. @throws {ConfigError} */
export function readRecipe<S extends z.ZodObject>(
  schema: S,
  name: Parameters<typeof recipeFile>[0],
  flags: CommonFlags,
  terminal: Terminal,
): Readonly<z.output<S>> | undefined {
  const { config, json, printConfig } = flags;
  const set = settingsOf(flags);
  const file = config === undefined ? recipeFile(name) : (paperRecipe(config, name) ?? config);
  const source = config ?? `recipe ${name}`;
  if (printConfig !== true) return parseConfig(schema, readConfigData({ file, set }), { source });
  const keys = describeConfig(schema, { layers: [{ source, data: readJsonObject(file) }], set, source });
  terminal.out(json === true ? JSON.stringify(keys) : configTable(keys));
  return undefined;
}

/** What `--executor`, `--device` and `--set` say together, as `--set` says it. */
export function settingsOf({ executor, device, precision, set }: CommonFlags): string[] {
  const given = Object.entries({ executor, device, precision }).filter(([, value]) => value !== undefined);
  return [...given.map(([key, value]) => `${key}=${value}`), ...set];
}
