#!/usr/bin/env node
import { createInterface } from "node:readline";
import { runCommand } from "./command.ts";

const stop = new AbortController();
process.once("SIGINT", () => stop.abort()); // the second one ends the process at once
// Packages do not print; this is the program.
const terminal = { out: (text: string) => process.stdout.write(`${text}\n`), error: (text: string) => process.stderr.write(`${text}\n`) };

/** Lines of standard input, asked for where a person types them. */
async function* lines(): AsyncGenerator<string> {
  const isTyped = process.stdin.isTTY;
  const input = createInterface({ input: process.stdin, output: process.stderr, terminal: isTyped, prompt: "> " });
  input.on("SIGINT", () => {
    stop.abort();
    input.close();
  });
  if (isTyped) input.prompt();
  for await (const line of input) {
    yield line;
    if (isTyped) input.prompt();
  }
}

process.exitCode = await runCommand(process.argv.slice(2), { terminal, signal: stop.signal, lines });
