// llama.cpp through node-llama-cpp, which is imported from the folder in argv[2]. Commands and answers are lines of JSON:
//   { "do": "load", "paths": [...], "tokens": N }  ->  { "version": "..." }
//   { "do": "run", "model": i }                    ->  { "milliseconds": ... }, one pass over N tokens
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// By name and not as an import: it is no dependency, and lies in a folder of its own.
const PEER = "node-llama-cpp";
const require = createRequire(`${process.argv[2]}/`);
const { getLlama } = await import(pathToFileURL(require.resolve(PEER)).href);
const { version } = JSON.parse(readFileSync(join(process.argv[2], "node_modules", PEER, "package.json"), "utf8"));
let sequences = [];
let tokens = [];

async function load({ paths, tokens: count }) {
  const llama = await getLlama({ build: "never", gpu: false, logLevel: "error" });
  tokens = Array.from({ length: count }, (_, i) => 3 + ((i * 37) % 256));
  sequences = [];
  for (const modelPath of paths) {
    const model = await llama.loadModel({ modelPath });
    const context = await model.createContext({ contextSize: count + 64, batchSize: count, threads: 2 });
    sequences.push(context.getSequence());
  }
  return { version };
}

async function run({ model }) {
  const sequence = sequences[model];
  await sequence.clearHistory();
  const started = performance.now();
  await sequence.evaluateWithoutGeneratingNewTokens(tokens);
  return { milliseconds: performance.now() - started };
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await (command.do === "load" ? load(command) : run(command)))}\n`);
}
process.exit(0);
