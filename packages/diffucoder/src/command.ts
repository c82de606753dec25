import { DiffuCoderError, writeFileAtomic } from "@diffucoder/core";
import { formatTrace } from "@diffucoder/samplers";
import { Command, CommanderError } from "commander";
import { bundledModelDir } from "./bundled-model.ts";
import { loadDiffuCoder } from "./diffucoder.ts";
import { addEvalCommands } from "./eval/commands.ts";
import { addExportCommand } from "./export/command.ts";
import type { GenerateOptions } from "./generate-options.ts";

/** Where the command speaks to its user. */
export interface Terminal {
  out(text: string): void;
  error(text: string): void;
}

interface GenerateFlags {
  model?: string;
  quantize?: string;
  prompt: string;
  maxNewTokens?: string;
  steps?: string;
  alg?: string;
  temperature?: string;
  topP?: string;
  seed?: string;
  trace?: string;
  json?: boolean;
}

/**
 * Runs the `diffucoder` command.
 *
 * @param args the command line, without node and the script
 * @returns the exit code
 */
export async function runCommand(args: readonly string[], { terminal, signal }: { terminal: Terminal; signal: AbortSignal }): Promise<number> {
  const program = new Command("diffucoder").description("Masked diffusion language models for code").exitOverride();
  program.configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr: (text) => terminal.error(text.trimEnd()) });
  program
    .command("generate")
    .description("writes code for a prompt")
    .requiredOption("--prompt <text>", "what the code should do")
    .option(
      "--model <dir-or-repo>",
      "model folder, or owner/name[@revision] on Hugging Face's hub (default: the small model that comes with the package)",
    )
    .option("--quantize <method>", "keep the matrices in 8 or 4 bits: int8 or int4")
    .option("--max-new-tokens <n>", "positions to denoise")
    .option("--steps <n>", "denoising steps, one forward pass each")
    .option("--alg <name>", "which positions are committed first: entropy or maskgit_plus")
    .option("--temperature <t>", "0 is greedy")
    .option("--top-p <p>", "nucleus sampling, 1 keeps every token")
    .option("--seed <n>", "the same seed gives the same code (default: 0)")
    .option("--trace <file>", "write what was revealed when, as JSON lines")
    .option("--json", "print the result as JSON")
    .allowExcessArguments(false)
    .action((flags: GenerateFlags) => generate(flags, terminal, signal));
  addExportCommand(program, { terminal });
  let exitCode = 0;
  addEvalCommands(program, { terminal, signal, fail: () => (exitCode = 1) });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode; // commander has said what is wrong
    if (!(error instanceof DiffuCoderError)) throw error;
    terminal.error(error.message);
    return 1;
  }
}

async function generate(flags: GenerateFlags, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const coder = await loadDiffuCoder(flags.model ?? bundledModelDir(), { quantize: flags.quantize as "int8" | "int4" | undefined });
  const options: GenerateOptions = {
    prompt: flags.prompt,
    maxNewTokens: toNumber(flags.maxNewTokens),
    steps: toNumber(flags.steps),
    alg: flags.alg,
    temperature: toNumber(flags.temperature),
    topP: toNumber(flags.topP),
    seed: toNumber(flags.seed),
    signal,
  };
  const generation = await coder.generate(options);
  if (flags.trace !== undefined) writeFileAtomic(flags.trace, formatTrace(generation.trace));
  if (flags.json === true) {
    const { trace: _, ...result } = generation;
    terminal.out(JSON.stringify(result));
  } else terminal.out(generation.text);
}

/** What is no number becomes NaN, which the settings' schema refuses together with every other bad value. */
function toNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return text.trim() === "" ? NaN : Number(text);
}
