import { InvalidArgumentError, parseConfig } from "@diffucoder/core";
import type { ChatMessage } from "@diffucoder/tokenizer";
import type { Command } from "commander";
import { z } from "zod";
import type { CommandContext } from "../command.ts";
import { type DiffuCoder, loadParameters } from "../diffucoder.ts";
import { type GenerateOptions, GenerateSettingsSchema } from "../generate-options.ts";
import { prepareGeneration } from "../stream.ts";
import { MODEL_TEXTS, ModelSettingsSchema, openModel, splitSettings } from "./model-settings.ts";
import { addSettingFlags, type Flags, readSettings, reportTogether } from "./setting-flags.ts";

const SystemSchema = z.strictObject({
  system: z.string().optional().describe("system message: what the model should know and how it should answer"),
});

/** Adds `diffucoder chat`. */
export function addChatCommand(program: Command, context: CommandContext): void {
  const {
    prompt: _prompt,
    messages: _messages,
    continueFinalMessage: _continue,
    chatTemplate: _chat,
    earlyExit: _early,
    ...settings
  } = GenerateSettingsSchema.shape;
  const { trace: _trace, ...ofModel } = ModelSettingsSchema.shape;
  const command = program.command("chat").description("a conversation: each line of standard input is a message, its answer is printed");
  addSettingFlags(command, { ...SystemSchema.shape, ...settings, ...ofModel });
  command.action((flags: Flags) => chat(flags, context));
}

async function chat(flags: Flags, { terminal, signal, lines }: CommandContext): Promise<void> {
  const { own, call } = splitSettings(readSettings(flags, [...MODEL_TEXTS, "system"]));
  const { system, ...options } = call;
  const model = await openModel(own["model"], signal);
  const head = system === undefined ? [] : [{ role: "system" as const, content: system as string }];
  reportTogether("chat settings", [
    () => parseConfig(ModelSettingsSchema, own),
    () => parseConfig(SystemSchema, { system }),
    () => void prepareGeneration(model, { ...options, messages: [...head, { role: "user", content: "" }] }),
  ]);

  const { quantize, device } = parseConfig(ModelSettingsSchema, own);
  const coder = await loadParameters(model, { quantize, device });
  let turns: ChatMessage[] = [];
  for await (const line of lines()) {
    if (line.trim() === "") continue;
    const asked: ChatMessage[] = [...turns, { role: "user", content: line }];
    try {
      const { text, left, forwardPasses, seconds } = await answer(coder, head, asked, { ...options, signal });
      if (left.length < asked.length) terminal.error("The beginning of the conversation has no room any more and is left out.");
      terminal.out(flags.json === true ? JSON.stringify({ text, forwardPasses, seconds }) : text);
      turns = [...left, { role: "assistant", content: text }];
    } catch (error) {
      if (!isTooLong(error)) throw error;
      terminal.error(error.message); // and the conversation goes on
    }
  }
}

/** The answer to the last of the turns, without as many of the first ones as the model has no room for. */
async function answer(
  coder: DiffuCoder,
  head: readonly ChatMessage[],
  turns: readonly ChatMessage[],
  options: GenerateOptions,
): Promise<{ text: string; forwardPasses: number; seconds: number; left: readonly ChatMessage[] }> {
  try {
    return { ...(await coder.chat([...head, ...turns], options)), left: turns };
  } catch (error) {
    if (turns.length <= 1 || !isTooLong(error)) throw error;
    return answer(coder, head, turns.slice(2), options);
  }
}

function isTooLong(error: unknown): error is InvalidArgumentError {
  return error instanceof InvalidArgumentError && error.argument === "messages" && typeof error.value === "number";
}
