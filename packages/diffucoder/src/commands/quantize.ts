// The command `quantize`: a model in, a smaller one out.
import { showProgress } from "@diffucoder/command-line";
import { parseConfig } from "@diffucoder/core";
import { quantizeModel, QuantizeSettingsSchema } from "@diffucoder/engine";
import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { openModel } from "./open-model.ts";

/** Adds `diffucoder quantize`. */
export function addQuantizeCommand(program: Command, { terminal, signal }: Pick<CommandContext, "terminal" | "signal">): void {
  program
    .command("quantize")
    .description("writes a model with its matrices in 8 or 4 bits, which starts without being quantized again")
    .argument("<model>", "model folder, or owner/name[@revision] on Hugging Face's hub")
    .option("--output <dir>", "the folder that is written")
    .option("--quantize <method>", "int8 or int4 (default: int8)")
    .option("--family <name>", "model family where the folder does not tell")
    .allowExcessArguments(false)
    .action(async (model: string, { family, ...flags }: { family?: string; output?: string; quantize?: string }) => {
      const settings = parseConfig(QuantizeSettingsSchema, flags, { source: "quantize settings" });
      const folder = await openModel({ model, family }, { terminal, signal, json: false });
      await showProgress({ terminal }, (onProgress) => quantizeModel(folder, { ...settings, signal, onProgress }));
      terminal.out(settings.output);
    });
}
