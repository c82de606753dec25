import type { Terminal } from "@diffucoder/command-line";

/** What a command gets besides its flags. */
export interface CommandContext {
  terminal: Terminal;
  signal: AbortSignal;
  /** The lines that the user types; opened when it is called. */
  lines: () => AsyncIterable<string>;
  /** All of standard input. */
  input: () => Promise<Uint8Array>;
  /** The command has run, and its exit code is 1. */
  fail: () => void;
}
