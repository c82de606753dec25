import { runTrain } from "./cli.ts";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130); // asked twice: at once
    stop.abort();
  });
}
const terminal = {
  out: (text: string) => process.stdout.write(`${text}\n`),
  error: (text: string) => process.stderr.write(`${text}\n`),
  stream: process.stderr,
};
process.exitCode = await runTrain(process.argv.slice(2), { terminal, signal: stop.signal });
