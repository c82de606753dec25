import { writeText } from "@diffucoder/command-line";
import { decodeText, parseConfig, readText, writeFileAtomic } from "@diffucoder/core";
import { formatTrace } from "@diffucoder/samplers";
import type { Command } from "commander";
import { z } from "zod";
import type { CommandContext } from "../command-context.ts";
import { DEFAULT_MASKS, type InfillOptions, InfillSettingsSchema, prepareInfilling } from "@diffucoder/engine";
import { parseTemplate } from "./hole-marks.ts";
import { MODEL_TEXTS, modelDefaults, ModelSettingsSchema, splitSettings } from "./model-settings.ts";
import { loadCoder, openModel } from "./open-model.ts";
import { addSettingFlags, type Flags, readSettings, reportTogether, settingsText } from "./setting-flags.ts";

const TEXTS = ["prefix", "suffix", "prompt"];

/** Adds `diffucoder infill`. */
export function addInfillCommand(program: Command, context: CommandContext): void {
  const { template: _, provisional: _provisional, ...settings } = InfillSettingsSchema.shape;
  const command = program
    .command("infill")
    .description("fills the holes of a text")
    .option("--file <file>", "text with <|hole|>, or <|hole:N|> for N masks, where code is missing; - reads it from standard input");
  addSettingFlags(command, { ...settings, ...ModelSettingsSchema.shape });
  command.action((flags: Flags) => infill(flags, context));
}

async function infill({ file, ...flags }: Flags, { terminal, signal, input }: CommandContext): Promise<void> {
  const shown = { terminal, signal, json: flags.json };
  const { own, call } = splitSettings(readSettings(flags, [...MODEL_TEXTS, ...TEXTS]));
  const model = await openModel(own, shown);
  const source = "infill settings";
  if (flags.printConfig === true) {
    const Schema = z.strictObject({ ...InfillSettingsSchema.shape, ...ModelSettingsSchema.shape });
    terminal.out(
      settingsText(Schema, { flags, texts: [...MODEL_TEXTS, ...TEXTS], defaults: modelDefaults(model, ["alg", "temperature", "topP"]), source }),
    );
    return;
  }
  const text = typeof file === "string" ? (file === "-" ? decodeText(await input(), "standard input") : readText(file)) : undefined;
  const options = { ...(text === undefined ? call : withTemplate(call, text, file as string)), signal } as InfillOptions;
  reportTogether(source, [() => parseConfig(ModelSettingsSchema, own), () => void prepareInfilling(model, options)]);

  const { trace: traceFile, ...loading } = parseConfig(ModelSettingsSchema, own);
  const coder = await loadCoder(model, loading, shown);
  const { trace, ...result } = await coder.infill(options);
  if (traceFile !== undefined) writeFileAtomic(traceFile, formatTrace(trace));
  if (flags.json === true) terminal.out(JSON.stringify(result));
  else writeText(terminal, result.text);
}

/** Settings with the text of a file; `masks` then applies to holes without their own number. */
function withTemplate({ masks = DEFAULT_MASKS, ...call }: Record<string, unknown>, text: string, source: string): Record<string, unknown> {
  parseConfig(InfillSettingsSchema.pick({ masks: true }), { masks }, { source: "infill settings" });
  return { ...call, template: parseTemplate(text, { masks: masks as number, source }) };
}
