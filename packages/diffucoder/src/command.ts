import { DiffuCoderError } from "@diffucoder/core";
import { Command, CommanderError } from "commander";
import { addChatCommand } from "./commands/chat.ts";
import { addGenerateCommand } from "./commands/generate.ts";
import { addInfillCommand } from "./commands/infill.ts";
import { addTraceCommand } from "./commands/trace.ts";
import { addEvalCommands } from "./eval/commands.ts";
import { addExportCommand } from "./export/command.ts";

/** Where the command speaks to its user. */
export interface Terminal {
  out(text: string): void;
  error(text: string): void;
}

/** What a command is given beside its flags. */
export interface CommandContext {
  terminal: Terminal;
  signal: AbortSignal;
  /** The lines that the user types; opened when it is called. */
  lines: () => AsyncIterable<string>;
  /** The command has run, and its exit code is 1. */
  fail: () => void;
}

/**
 * Runs the `diffucoder` command.
 *
 * @param args the command line, without node and the script
 * @param lines what `chat` reads. @default nothing
 * @returns the exit code
 */
export async function runCommand(
  args: readonly string[],
  { terminal, signal, lines = noLines }: Pick<CommandContext, "terminal" | "signal"> & Partial<Pick<CommandContext, "lines">>,
): Promise<number> {
  const program = new Command("diffucoder").description("Masked diffusion language models for code").exitOverride();
  program.configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr: (text) => terminal.error(text.trimEnd()) });
  let exitCode = 0;
  const context: CommandContext = { terminal, signal, lines, fail: () => (exitCode = 1) };
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
    return 1;
  }
}

async function* noLines(): AsyncGenerator<string> {}
