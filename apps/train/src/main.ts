import { processTerminal, stopSignals } from "@diffucoder/command-line";
import { runTrain } from "./cli.ts";

process.exitCode = await runTrain(process.argv.slice(2), { terminal: processTerminal(), signal: stopSignals() });
