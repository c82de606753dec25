import { AbortedError, DiffuCoderError, InvalidArgumentError } from "@diffucoder/core";
import { Command, CommanderError } from "commander";
import { StoppedBySignal } from "./stop-signals.ts";
import type { Terminal } from "./terminal.ts";

/**
 * A commander program that speaks to a terminal and never ends the process. Add commands to it; they inherit that. An option that names a file,
 * a folder or a dataset may not be empty, as `--output "$UNSET"` is: that would be the folder of the moment.
 */
export function createProgram(name: string, terminal: Terminal): Command {
  return new Command(name)
    .exitOverride()
    .hook("preAction", (_, command) => refuseEmptyPaths(command))
    .configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr: (text) => terminal.error(text.trimEnd()) });
}

function refuseEmptyPaths(command: Command): void {
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    if (!/<(file|dir|path|dataset)\b/.test(option.flags) || ![value].flat().includes("")) continue;
    throw new InvalidArgumentError({ argument: option.long!, value: "", expected: "a path or a name" });
  }
}

/** Where a program runs. */
export interface RunProgramOptions {
  /** Receives the messages of errors. */
  terminal: Terminal;
  /** What stops the program; its reason gives the exit code. @default nothing */
  signal?: AbortSignal | undefined;
  /** What to say when work was stopped. @default which work it was */
  stoppedText?: string | undefined;
}

/**
 * Runs a program to its end. An error in the input becomes one message; an unexpected error is thrown.
 *
 * @param args the command line, without node and the script
 * @returns the exit code: 0, 1 after an error, 130 if work was cut short by SIGINT and 143 by SIGTERM
 */
export async function runProgram(program: Command, args: readonly string[], { terminal, signal, stoppedText }: RunProgramOptions): Promise<number> {
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode; // commander has already printed the problem
    if (isStop(error, signal)) {
      terminal.error(stoppedText ?? (error as Error).message);
      return signal?.reason instanceof StoppedBySignal ? signal.reason.exitCode : 130;
    }
    if (!(error instanceof DiffuCoderError)) throw error;
    terminal.error(error.message);
    return 1;
  }
}

/** Our own error, or the one that a platform function (`fetch`, a timer) throws when the signal fires. */
function isStop(error: unknown, signal: AbortSignal | undefined): boolean {
  return error instanceof AbortedError || (signal?.aborted === true && (error === signal.reason || (error as Error | null)?.name === "AbortError"));
}
