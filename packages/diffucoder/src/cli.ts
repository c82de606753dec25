#!/usr/bin/env node
import { createInterface } from "node:readline";
import { runCommand } from "./command.ts";
import type { Screen, Terminal } from "./terminal.ts";
import { visibleText } from "./visible-text.ts";

const stop = new AbortController();
// Once: the second one ends the process at once. The cursor is never hidden and no mode is set, so nothing has to be restored.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => stop.abort());
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(process.exitCode ?? 0); // `| head` has read enough
  });

// Packages do not print; this is the program. What a terminal would act on is written out; what goes elsewhere is as it is.
const shown = (text: string, { isTTY }: { isTTY?: boolean }): string => (isTTY === true ? visibleText(text) : text);
const terminal: Terminal = {
  out: (text) => process.stdout.write(process.stdout.isTTY && text.endsWith("\n") ? shown(text, process.stdout) : `${shown(text, process.stdout)}\n`),
  error: (text) => process.stderr.write(`${shown(text, process.stderr)}\n`),
  bytes: (data) => {
    if (!process.stdout.isTTY) return void process.stdout.write(data);
    const text = visibleText(new TextDecoder().decode(data));
    process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  },
  screen: process.stdout.isTTY && process.env["TERM"] !== "dumb" ? screenOf(process.stdout) : undefined,
};

function screenOf(stream: typeof process.stdout): Screen {
  return {
    get columns() {
      return stream.columns || 80;
    },
    get rows() {
      return stream.rows || 24;
    },
    hasColours: !process.env["NO_COLOR"] && stream.hasColors(),
    write: (text) => void stream.write(text),
    onResize: (listener) => {
      stream.on("resize", listener);
      return () => stream.off("resize", listener);
    },
  };
}

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
  if (isTyped) process.stderr.write("\n"); // the shell's prompt gets a line of its own
}

async function input(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

process.exitCode = await runCommand(process.argv.slice(2), { terminal, signal: stop.signal, lines, input });
