import { parseConfig } from "@diffucoder/core";
import { type AuditOptions, type GenerationAudit, prepareAudit } from "@diffucoder/engine";
import type { Command } from "commander";
import { z } from "zod";
import type { CommandContext } from "../command-context.ts";
import { generationSettings } from "./generation-settings.ts";
import { MODEL_TEXTS, modelDefaults, ModelSettingsSchema, splitSettings } from "./model-settings.ts";
import { loadCoder, openModel } from "./open-model.ts";
import { isMissing, noPrompt, positionalPrompt } from "./prompt-argument.ts";
import { addSettingFlags, type Flags, readSettings, reportTogether, settingsText } from "./setting-flags.ts";

const TEXTS = [...MODEL_TEXTS, "prompt"];
const { maxTokens: _most, ...settings } = generationSettings;
const { trace: _trace, ...ofModel } = ModelSettingsSchema.shape;

/** Adds `diffucoder audit-cache`. */
export function addAuditCacheCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("audit-cache")
    .description("generates with and without --cache, and shows how far the answers differ and where they diverge")
    .argument("[prompt...]", "what the code should do, in quotes; - reads it from standard input");
  addSettingFlags(command, { ...settings, ...ofModel });
  command.action((words: readonly string[], flags: Flags) => auditCache(words, flags, context));
}

async function auditCache(words: readonly string[], given: Flags, { terminal, signal, input }: CommandContext): Promise<void> {
  const shown = { terminal, signal, json: given.json };
  const flags: Flags = { ...given, ...(await positionalPrompt("audit-cache", words, { flags: given, input })) };
  const { own, call } = splitSettings(readSettings(flags, TEXTS));
  const model = await openModel(own, shown);
  const source = "audit-cache settings";
  if (flags.printConfig === true) {
    const Schema = z.strictObject({ ...settings, ...ofModel });
    terminal.out(settingsText(Schema, { flags, texts: TEXTS, defaults: modelDefaults(model), source }));
    return;
  }
  const options = { ...call, signal } as AuditOptions;
  if (isMissing(options.prompt)) throw noPrompt("audit-cache");
  reportTogether(source, [() => parseConfig(z.strictObject(ofModel), own), () => void prepareAudit(model, options)]);
  const coder = await loadCoder(model, parseConfig(z.strictObject(ofModel), own), shown);
  const audit = await coder.auditCache(options);
  terminal.out(flags.json === true ? JSON.stringify(audit) : report(audit));
}

function report({ passes, divergence, exact, cached }: GenerationAudit): string {
  const rows = passes.map(({ positions, otherTokens, confidence, entropy }, pass) =>
    [String(pass + 1), String(positions), `${(100 * otherTokens).toFixed(1)} %`, confidence.mean.toFixed(4), entropy.mean.toFixed(4)]
      .map((cell, column) => cell.padStart([4, 9, 12, 12, 9][column]!))
      .join("  "),
  );
  const parts = divergence === undefined ? "Both runs decode the same tokens." : `The runs diverge after step ${divergence.step}.`;
  return [
    "pass  positions  other token  confidence    entropy",
    ...rows,
    `${parts} ${exact.forwardTokens} tokens through the network without the cache, ${cached.forwardTokens} with it.`,
    ...(divergence === undefined ? [exact.text] : ["Without:", exact.text, "With:", cached.text]),
  ].join("\n");
}
