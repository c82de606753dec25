import { type Screen, writeText } from "@diffucoder/command-line";
import { parseConfig, writeFileAtomic } from "@diffucoder/core";
import { formatTrace } from "@diffucoder/samplers";
import type { Command } from "commander";
import { z } from "zod";
import { type DiffuCoder, type GenerateOptions, GenerateSettingsSchema, type Generation, prepareGeneration } from "@diffucoder/engine";
import type { CommandContext } from "../command-context.ts";
import { liveReveal } from "./live-reveal.ts";
import { generationSettings } from "./generation-settings.ts";
import { MODEL_TEXTS, modelDefaults, ModelSettingsSchema, splitSettings } from "./model-settings.ts";
import { loadCoder, openModel } from "./open-model.ts";
import { isMissing, noPrompt, positionalPrompt } from "./prompt-argument.ts";
import { addSettingFlags, type Flags, readSettings, reportTogether, settingsText } from "./setting-flags.ts";
import { emptyAnswerNote } from "../what-it-knows.ts";

const TEXTS = [...MODEL_TEXTS, "prompt"];

/** Adds `diffucoder generate`. */
export function addGenerateCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("generate")
    .description("writes code for a prompt; on a terminal, tokens appear in the order in which they are revealed")
    .argument("[prompt...]", "what the code should do, in quotes; - reads it from standard input");
  addSettingFlags(command, { ...generationSettings, ...ModelSettingsSchema.shape });
  command.option("--no-chat-template", "continue the prompt as plain text, without the chat template");
  command.action((words: readonly string[], flags: Flags) => generate(words, flags, context));
}

async function generate(words: readonly string[], { chatTemplate, ...given }: Flags, context: CommandContext): Promise<void> {
  const { terminal, signal } = context;
  const shown = { terminal, signal, json: given.json };
  const flags: Flags = {
    ...given,
    ...(await positionalPrompt("generate", words, { flags: given, input: context.input })),
    ...(chatTemplate === false && { chatTemplate }),
  };
  const { own, call } = splitSettings(readSettings(flags, TEXTS));
  const options = { ...call, signal } as GenerateOptions;
  const model = await openModel(own, shown);
  const source = "generate settings";
  if (flags.printConfig === true) {
    const Schema = z.strictObject({ ...GenerateSettingsSchema.shape, ...ModelSettingsSchema.shape });
    terminal.out(settingsText(Schema, { flags, texts: TEXTS, defaults: modelDefaults(model), source }));
    return;
  }
  if (isMissing(options.prompt) && options.messages === undefined) throw noPrompt("generate");
  reportTogether(source, [() => parseConfig(ModelSettingsSchema, own), () => void prepareGeneration(model, options)]);

  const { trace: traceFile, ...loading } = parseConfig(ModelSettingsSchema, own);
  const coder = await loadCoder(model, loading, shown);
  const { trace, ...result } = flags.json === true ? await coder.generate(options) : await shownGeneration(coder, options, terminal.screen);
  if (flags.json === true) terminal.out(JSON.stringify(result));
  else writeText(terminal, result.text);
  if (traceFile !== undefined) writeFileAtomic(traceFile, formatTrace(trace)); // after the text, which is not lost if the file cannot be written
  if (result.text.trim() === "") terminal.error(emptyAnswerNote(model));
}

/** A generation, shown live if there is a screen. */
async function shownGeneration(coder: DiffuCoder, options: GenerateOptions, screen: Screen | undefined): Promise<Generation> {
  if (screen === undefined) return coder.generate(options);
  const live = liveReveal(screen);
  try {
    for await (const event of coder.stream(options)) {
      if (event.type === "done") return event.generation;
      live.show(event);
    }
  } finally {
    live.close();
  }
  throw new Error("a stream ends with its result");
}
