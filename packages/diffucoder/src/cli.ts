#!/usr/bin/env node
import { runCommand } from "./command.ts";

const stop = new AbortController();
process.once("SIGINT", () => stop.abort()); // the second one ends the process at once
// Packages do not print; this is the program.
const terminal = { out: (text: string) => process.stdout.write(`${text}\n`), error: (text: string) => process.stderr.write(`${text}\n`) };
process.exitCode = await runCommand(process.argv.slice(2), { terminal, signal: stop.signal });
