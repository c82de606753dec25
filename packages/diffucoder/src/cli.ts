#!/usr/bin/env node
import { createInterface } from "node:readline";
import { processTerminal, stopSignals } from "@diffucoder/command-line";
import { runCommand } from "./command.ts";

/** Lines of standard input, with a prompt where a person types them. */
async function* lines(): AsyncGenerator<string> {
  const isTyped = process.stdin.isTTY;
  const input = createInterface({ input: process.stdin, output: process.stderr, terminal: isTyped, prompt: "> " });
  input.on("SIGINT", () => {
    process.emit("SIGINT");
    input.close();
  });
  if (isTyped) input.prompt();
  for await (const line of input) {
    yield line;
    if (isTyped) input.prompt();
  }
  if (isTyped) process.stderr.write("\n"); // so that the shell's prompt starts on a new line
}

async function input(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

process.exitCode = await runCommand(process.argv.slice(2), { terminal: processTerminal(), signal: stopSignals(), lines, input });
