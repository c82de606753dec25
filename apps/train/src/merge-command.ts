// `train merge`: a model and its LoRA adapter as one model.
import type { Terminal } from "@diffucoder/command-line";
import { mergeIntoModel } from "@diffucoder/recipes";
import { type Command, Option } from "commander";
import { bundledModelDir } from "diffucoder";
import { modelText } from "./outcome-text.ts";

interface MergeFlags {
  model?: string;
  adapter: string;
  output: string;
  dtype: "float32" | "bfloat16";
  json?: boolean;
}

/** Adds `merge` to the program. */
export function addMergeCommand(program: Command, { terminal, signal }: { terminal: Terminal; signal: AbortSignal }): void {
  program
    .command("merge")
    .description("writes a model with a LoRA adapter merged into its weights")
    .option("--model <dir-or-repo>", "model that the adapter was trained on (default: the small model that comes with the project)")
    .requiredOption("--adapter <dir>", "LoRA adapter of that model, in PEFT's form")
    .option("--output <dir>", "folder of the merged model", "runs/merged")
    .addOption(new Option("--dtype <name>", "type of its weights").choices(["float32", "bfloat16"]).default("float32"))
    .option("--json", "print the result as JSON")
    .allowExcessArguments(false)
    .action(async ({ model = bundledModelDir(), adapter, output, dtype, json }: MergeFlags) => {
      const merged = await mergeIntoModel({ model, adapter, output, dtype: dtype === "float32" ? "F32" : "BF16", signal });
      terminal.out(json === true ? JSON.stringify({ model: merged }) : modelText(merged));
    });
}
