import { readFileSync } from "node:fs";
import { AbortedError, DiffuCoderError } from "@diffucoder/core";
import { Command, CommanderError } from "commander";
import { addChatCommand } from "./commands/chat.ts";
import { addGenerateCommand } from "./commands/generate.ts";
import { addInfillCommand } from "./commands/infill.ts";
import { addTraceCommand } from "./commands/trace.ts";
import { addEvalCommands } from "./commands/eval.ts";
import { addExportCommand } from "./commands/export.ts";
import type { CommandContext } from "./terminal.ts";

/**
 * Runs the `diffucoder` command.
 *
 * @param args the command line, without node and the script
 * @param lines what `chat` reads. @default nothing
 * @param input what `generate -` reads. @default nothing
 * @returns the exit code: 1 for what is wrong, 130 if it was stopped
 */
export async function runCommand(
  args: readonly string[],
  {
    terminal,
    signal,
    lines = noLines,
    input = noInput,
  }: Pick<CommandContext, "terminal" | "signal"> & Partial<Pick<CommandContext, "lines" | "input">>,
): Promise<number> {
  const program = new Command("diffucoder").description("Masked diffusion language models for code").exitOverride();
  program.version(version(), "-v, --version", "print the version").showHelpAfterError("Add --help to see what there is.");
  program.configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr: (text) => terminal.error(text.trimEnd()) });
  let exitCode = 0;
  const context: CommandContext = { terminal, signal, lines, input, fail: () => (exitCode = 1) };
  addGenerateCommand(program, context);
  addInfillCommand(program, context);
  addChatCommand(program, context);
  addTraceCommand(program, context);
  addExportCommand(program, context);
  addEvalCommands(program, context);
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode; // commander has said what is wrong
    if (!(error instanceof DiffuCoderError)) throw error;
    terminal.error(error.message);
    return error instanceof AbortedError ? 130 : 1;
  }
}

/** Of this package; the file lies beside `src` and `dist`. */
function version(): string {
  return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
}

async function* noLines(): AsyncGenerator<string> {}

async function noInput(): Promise<Uint8Array> {
  return new Uint8Array();
}
