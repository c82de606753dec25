import type { Screen, Terminal } from "./terminal.ts";
import { visibleText } from "./visible-text.ts";

/**
 * The terminal of this process. Control characters are escaped where a person would see them and are left alone in pipes and files.
 * A reader that closes its pipe, as `head` does, ends the process.
 */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  for (const stream of [stdout, stderr]) stream.on("error", endOnClosedPipe);
  return {
    out: (text) => stdout.write(stdout.isTTY ? oneNewline(visibleText(text)) : `${text}\n`),
    error: (text) => stderr.write(`${stderr.isTTY ? visibleText(text) : text}\n`),
    bytes: (data) => stdout.write(stdout.isTTY ? oneNewline(visibleText(new TextDecoder().decode(data))) : data),
    screen: stdout.isTTY && process.env["TERM"] !== "dumb" ? screenOf(stdout) : undefined,
    progress: stderr,
  };
}

function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(process.exitCode ?? 0);
}

function oneNewline(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

function screenOf(stream: NodeJS.WriteStream): Screen {
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
