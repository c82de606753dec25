import { parseConfig, writeFileAtomic } from "@diffucoder/core";
import { formatTrace } from "@diffucoder/samplers";
import type { Command } from "commander";
import type { CommandContext } from "../command.ts";
import { loadParameters } from "../diffucoder.ts";
import { type GenerateOptions, GenerateSettingsSchema } from "../generate-options.ts";
import { prepareGeneration } from "../stream.ts";
import { MODEL_TEXTS, ModelSettingsSchema, openModel, splitSettings } from "./model-settings.ts";
import { addSettingFlags, type Flags, readSettings, reportTogether } from "./setting-flags.ts";

/** Adds `diffucoder generate`. */
export function addGenerateCommand(program: Command, context: CommandContext): void {
  const { messages: _, continueFinalMessage: _continue, chatTemplate: _chat, earlyExit: _early, ...settings } = GenerateSettingsSchema.shape;
  const command = program.command("generate").description("writes code for a prompt");
  addSettingFlags(command, { ...settings, ...ModelSettingsSchema.shape });
  command.option("--no-chat-template", "take the prompt as the beginning of a text that goes on");
  command.action((flags: Flags) => generate(flags, context));
}

async function generate({ chatTemplate, ...flags }: Flags, { terminal, signal }: CommandContext): Promise<void> {
  const data = readSettings(flags, [...MODEL_TEXTS, "prompt"]);
  const { own, call } = splitSettings(chatTemplate === false ? { ...data, chatTemplate } : data);
  const options = { ...call, signal } as GenerateOptions;
  const model = await openModel(own["model"], signal);
  reportTogether("generate settings", [() => parseConfig(ModelSettingsSchema, own), () => void prepareGeneration(model, options)]);

  const { quantize, device, trace: traceFile } = parseConfig(ModelSettingsSchema, own);
  const coder = await loadParameters(model, { quantize, device });
  const { trace, ...result } = await coder.generate(options);
  if (traceFile !== undefined) writeFileAtomic(traceFile, formatTrace(trace));
  terminal.out(flags.json === true ? JSON.stringify(result) : result.text);
}
