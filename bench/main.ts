import { processTerminal } from "@diffucoder/command-line";
import { runBench } from "./command.ts";

process.exitCode = await runBench(process.argv.slice(2), processTerminal());
