import { runBench } from "./command.ts";

const terminal = { out: (text: string) => process.stdout.write(`${text}\n`), error: (text: string) => process.stderr.write(`${text}\n`) };
process.exitCode = await runBench(process.argv.slice(2), terminal);
