// The command `export`: flags in, files out.
import type { Terminal } from "@diffucoder/command-line";
import { parseConfig } from "@diffucoder/core";
import type { Command } from "commander";
import { type Flags, readSettings, settingsText } from "./setting-flags.ts";
import { bundledModelDir } from "../bundled-model.ts";
import { ExportConfigSchema, type ExportedModel, type ExportedValue, exportModel } from "@diffucoder/engine";

const TEXTS = ["model", "out", "function", "weights", "quantize"];

/** Adds the command to `diffucoder`. */
export function addExportCommand(program: Command, { terminal }: { terminal: Terminal }): void {
  program
    .command("export")
    .description("writes a model as an .onnx file, for any batch size and length")
    .option("--model <dir-or-repo>", "model folder, or owner/name[@revision] on Hugging Face's hub (default: the bundled model)")
    .option("--out <file>", "the .onnx file to write")
    .option("--function <name>", "logits at every token, or logitsAt the positions given as an input (default: logits)")
    .option("--batch-size <n>", "rows of every call (default: any)")
    .option("--length <n>", "tokens of every row (default: any)")
    .option("--weights <where>", "inside the file, or beside it in FILE.data (default: inside up to 1 GiB)")
    .option("--quantize <method>", "keep the matrices in 8 or 4 bits: int8 or int4")
    .option("--config <file>", "settings as JSON")
    .option("--set <key=value>", "one setting; may be repeated", (value: string, before: string[]) => [...before, value], [])
    .option("--print-config", "show every setting with its value, source, default and meaning, then exit")
    .option("--json", "print inputs, outputs and files as JSON")
    .allowExcessArguments(false)
    .action((flags: Flags) => run(flags, terminal));
}

async function run(flags: Flags, terminal: Terminal): Promise<void> {
  const source = flags.config ?? "export settings";
  if (flags.printConfig === true) {
    terminal.out(settingsText(ExportConfigSchema, { flags, texts: TEXTS, source }));
    return;
  }
  const config = parseConfig(ExportConfigSchema, readSettings(flags, TEXTS), { source });
  const exported = await exportModel({ ...config, model: config.model ?? bundledModelDir() });
  terminal.out(flags.json === true ? JSON.stringify(exported) : report(exported));
}

function report({ inputs, outputs, files }: ExportedModel): string {
  const describe = ({ name, dtype, shape }: ExportedValue): string => `${name} ${dtype} [${shape.join(", ")}]`;
  return [
    ...files.map(({ path, bytes }) => `${path} (${(bytes / 1e6).toFixed(1)} MB)`),
    ...inputs.map((value) => `  in   ${describe(value)}`),
    ...outputs.map((value) => `  out  ${describe(value)}`),
  ].join("\n");
}
