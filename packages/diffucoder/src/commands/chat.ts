import { AbortedError, InvalidArgumentError, parseConfig, TooLongError } from "@diffucoder/core";
import type { ChatMessage } from "@diffucoder/tokenizer";
import type { Command } from "commander";
import { z } from "zod";
import { type DiffuCoder, type GenerateOptions, prepareGeneration } from "@diffucoder/engine";
import type { CommandContext } from "../command-context.ts";
import { emptyAnswerNote } from "../what-it-knows.ts";
import { generationSettings } from "./generation-settings.ts";
import { MODEL_TEXTS, modelDefaults, ModelSettingsSchema, splitSettings } from "./model-settings.ts";
import { loadCoder, openModel } from "./open-model.ts";
import { addSettingFlags, type Flags, readSettings, reportTogether, settingsText } from "./setting-flags.ts";

const TEXTS = [...MODEL_TEXTS, "system"];

const { prompt: _prompt, ...settings } = generationSettings;
const { trace: _trace, ...ofModel } = ModelSettingsSchema.shape;
const SystemSchema = z.strictObject({
  system: z.string().optional().describe("system message: what the model should know and how it should answer"),
});
const ChatSettingsSchema = z.strictObject({ ...SystemSchema.shape, ...settings, ...ofModel });

/** Adds `diffucoder chat`. */
export function addChatCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("chat")
    .description("a conversation: each line of standard input is a message, its answer is printed")
    .argument("[model]", "the same as --model");
  addSettingFlags(command, ChatSettingsSchema.shape);
  command.action((model: string | undefined, flags: Flags) => chat(withModel(flags, model), context));
}

/** @throws {InvalidArgumentError} if the model is named twice */
function withModel(flags: Flags, model: string | undefined): Flags {
  if (model === undefined) return flags;
  if (flags["model"] !== undefined)
    throw new InvalidArgumentError({ argument: "model", value: model, expected: "given once, as an argument or with --model" });
  return { ...flags, model };
}

async function chat(flags: Flags, { terminal, signal, lines }: CommandContext): Promise<void> {
  const shown = { terminal, signal, json: flags.json };
  const { own, call } = splitSettings(readSettings(flags, TEXTS));
  const { system, ...options } = call;
  const model = await openModel(own, shown);
  const source = "chat settings";
  if (flags.printConfig === true) {
    terminal.out(settingsText(ChatSettingsSchema, { flags, texts: TEXTS, defaults: modelDefaults(model), source }));
    return;
  }
  const head = system === undefined ? [] : [{ role: "system" as const, content: system as string }];
  reportTogether(source, [
    () => parseConfig(ModelSettingsSchema, own),
    () => parseConfig(SystemSchema, { system }),
    () => void prepareGeneration(model, { ...options, messages: [...head, { role: "user", content: "" }] }),
  ]);

  const coder = await loadCoder(model, parseConfig(ModelSettingsSchema, own), shown);
  const { scope } = model.generationConfig;
  if (scope !== undefined) terminal.error(`${scope} It has room for little more than the last message.`);
  let turns: ChatMessage[] = [];
  for await (const line of lines()) {
    if (line.trim() === "") continue;
    const asked: ChatMessage[] = [...turns, { role: "user", content: line }];
    try {
      const { text, left, forwardPasses, seconds } = await answer(coder, head, asked, { ...options, signal });
      if (left.length < asked.length) terminal.error(forgotten(asked.slice(0, asked.length - left.length)));
      terminal.out(flags.json === true ? JSON.stringify({ text, forwardPasses, seconds }) : text);
      if (text.trim() === "") terminal.error(emptyAnswerNote(model));
      turns = [...left, { role: "assistant", content: text }];
    } catch (error) {
      if (!(error instanceof TooLongError)) throw error;
      terminal.error(error.message); // and the conversation continues
    }
  }
  if (signal.aborted) throw new AbortedError("The conversation");
}

/** What the model was not shown, and why. */
function forgotten(turns: readonly ChatMessage[]): string {
  const messages = turns
    .filter(({ role }) => role === "user")
    .map(({ content }) => JSON.stringify(content.length > 40 ? `${content.slice(0, 37)}...` : content));
  return `The model has no room for the whole conversation; it did not see ${messages.join(", ")}${messages.length === 1 ? " and its answer" : " and their answers"}.`;
}

/** The answer to the last turn, dropping as many of the first ones as do not fit the model. */
async function answer(
  coder: DiffuCoder,
  head: readonly ChatMessage[],
  turns: readonly ChatMessage[],
  options: GenerateOptions,
): Promise<{ text: string; forwardPasses: number; seconds: number; left: readonly ChatMessage[] }> {
  try {
    return { ...(await coder.chat([...head, ...turns], options)), left: turns };
  } catch (error) {
    if (turns.length <= 1 || !(error instanceof TooLongError)) throw error;
    return answer(coder, head, turns.slice(2), options);
  }
}
