import { runServe } from "./command.ts";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130); // asked twice: at once
    stop.abort();
  });
}
const terminal = { out: (text: string) => console.log(text), error: (text: string) => console.error(text) };
// The exit is explicit, because an engine's worker threads may outlive the server.
process.exit(await runServe(process.argv.slice(2), { terminal, stop: stop.signal }));
