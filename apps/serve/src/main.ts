import { processTerminal } from "@diffucoder/command-line";
import { runServe } from "./command.ts";
import { shutdownSignals } from "./shutdown-signals.ts";

// The exit is explicit, because an engine's worker threads may outlive the server.
process.exit(await runServe(process.argv.slice(2), { terminal: processTerminal(), ...shutdownSignals() }));
