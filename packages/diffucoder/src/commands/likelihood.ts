import { parseConfig } from "@diffucoder/core";
import { type LikelihoodOptions, LikelihoodOptionsSchema, prepareLikelihood, type TextLikelihood } from "@diffucoder/engine";
import type { Command } from "commander";
import { z } from "zod";
import type { CommandContext } from "../command-context.ts";
import { MODEL_TEXTS, ModelSettingsSchema, splitSettings } from "./model-settings.ts";
import { loadCoder, openModel } from "./open-model.ts";
import { noPrompt, positionalPrompt } from "./prompt-argument.ts";
import { addSettingFlags, type Flags, readSettings, reportTogether, settingsText } from "./setting-flags.ts";

const TEXTS = [...MODEL_TEXTS, "prompt", "completion"];
const { chatTemplate: _, ...flagged } = LikelihoodOptionsSchema.shape;
const { trace: _trace, ...ofModel } = ModelSettingsSchema.shape;

/** Adds `diffucoder likelihood`. */
export function addLikelihoodCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("likelihood")
    .description("estimates how likely the model finds a text as an answer: a bound on its log-probability, and its perplexity")
    .argument("[prompt...]", "what the text answers, in quotes; - reads it from standard input");
  addSettingFlags(command, { ...flagged, ...ofModel });
  command.option("--no-chat-template", "take the prompt as the beginning of the text, without the chat template");
  command.action((words: readonly string[], flags: Flags) => likelihood(words, flags, context));
}

async function likelihood(words: readonly string[], { chatTemplate, ...given }: Flags, context: CommandContext): Promise<void> {
  const { terminal, signal } = context;
  const shown = { terminal, signal, json: given.json };
  const prompt = await positionalPrompt("likelihood", words, { flags: given, input: context.input });
  const flags: Flags = { ...given, ...prompt, ...(chatTemplate === false && { chatTemplate }) };
  const { own, call } = splitSettings(readSettings(flags, TEXTS));
  const source = "likelihood settings";
  if (flags.printConfig === true) {
    terminal.out(settingsText(z.strictObject({ ...LikelihoodOptionsSchema.shape, ...ofModel }), { flags, texts: TEXTS, source }));
    return;
  }
  if (call["prompt"] === undefined) throw noPrompt("likelihood");
  const options = call as unknown as LikelihoodOptions;
  const model = await openModel(own, shown);
  reportTogether(source, [() => parseConfig(z.strictObject(ofModel), own), () => void prepareLikelihood(model, options)]);
  const coder = await loadCoder(model, parseConfig(z.strictObject(ofModel), own), shown);
  const result = await coder.likelihood(options);
  terminal.out(flags.json === true ? JSON.stringify(result) : sentence(result));
}

function sentence({ elbo, interval95, perplexity, perplexityInterval95, completionTokens, samples }: TextLikelihood): string {
  const range = ([low, high]: readonly [number, number]): string => `(${low.toFixed(2)} to ${high.toFixed(2)})`;
  return [
    `log-likelihood  at least ${elbo.toFixed(2)} nats ${range(interval95)}, ${completionTokens} tokens`,
    `perplexity      at most ${perplexity.toFixed(3)} ${range(perplexityInterval95)}`,
    `95 % intervals from ${samples} samples`,
  ].join("\n");
}
