import { parseConfig, writeFileAtomic } from "@diffucoder/core";
import { formatTrace } from "@diffucoder/samplers";
import type { Command } from "commander";
import type { CommandContext } from "../command.ts";
import { loadParameters } from "../diffucoder.ts";
import { prepareInfilling } from "../infill.ts";
import { type InfillOptions, InfillSettingsSchema, type TextSegment } from "../infill-options.ts";
import { MODEL_TEXTS, ModelSettingsSchema, openModel, splitSettings } from "./model-settings.ts";
import { readText } from "./read-text.ts";
import { addSettingFlags, type Flags, readSettings, reportTogether } from "./setting-flags.ts";

const TEXTS = ["prefix", "suffix", "prompt"];

/** Adds `diffucoder infill`. */
export function addInfillCommand(program: Command, context: CommandContext): void {
  const { template: _, ...settings } = InfillSettingsSchema.shape;
  const command = program
    .command("infill")
    .description("fills the holes of a text")
    .option("--file <file>", "text with <|hole|>, or <|hole:N|> for N masks, wherever something is to be filled in");
  addSettingFlags(command, { ...settings, ...ModelSettingsSchema.shape });
  command.action((flags: Flags) => infill(flags, context));
}

async function infill({ file, ...flags }: Flags, { terminal, signal }: CommandContext): Promise<void> {
  const { own, call } = splitSettings(readSettings(flags, [...MODEL_TEXTS, ...TEXTS]));
  const options = { ...(typeof file === "string" ? withTemplate(call, readText(file)) : call), signal } as InfillOptions;
  const model = await openModel(own["model"], signal);
  reportTogether("infill settings", [() => parseConfig(ModelSettingsSchema, own), () => void prepareInfilling(model, options)]);

  const { quantize, device, trace: traceFile } = parseConfig(ModelSettingsSchema, own);
  const coder = await loadParameters(model, { quantize, device });
  const { trace, ...result } = await coder.infill(options);
  if (traceFile !== undefined) writeFileAtomic(traceFile, formatTrace(trace));
  terminal.out(flags.json === true ? JSON.stringify(result) : result.text);
}

/** Settings with the text of a file; `masks` are then those of holes that do not say their own. */
function withTemplate({ masks = 16, ...call }: Record<string, unknown>, text: string): Record<string, unknown> {
  return { ...call, template: parseTemplate(text, { masks: masks as number }) };
}

/** `"a<|hole:4|>b"` as `["a", { masks: 4 }, "b"]`. @param masks of a hole that does not say its own */
export function parseTemplate(text: string, { masks }: { masks: number }): TextSegment[] {
  return text
    .split(/(<\|hole(?::\d+)?\|>)/)
    .map((part, i) => (i % 2 === 0 ? part : { masks: Number(/\d+/.exec(part)?.[0] ?? masks) }))
    .filter((part) => part !== "");
}
