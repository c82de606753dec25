// llama.cpp through node-llama-cpp, which is imported from the folder in argv[2]. Commands and answers are lines of JSON:
//   { "do": "load", "paths": [...], "tokens": N, "history": M }  ->  { "version": "..." }
//   { "do": "run", "model": i }                                  ->  { "milliseconds": ... }, one pass over N tokens after M others
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// By name and not as an import: it is no dependency, and lies in a folder of its own.
const PEER = "node-llama-cpp";
const require = createRequire(`${process.argv[2]}/`);
const { getLlama } = await import(pathToFileURL(require.resolve(PEER)).href);
const { version } = JSON.parse(readFileSync(join(process.argv[2], "node_modules", PEER, "package.json"), "utf8"));
// On one core it is the processor's time that counts, as of ours.
const cores = Math.min(2, availableParallelism());
const now = () => {
  if (cores > 1) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
let sequences = [];
let tokens = [];
let history = [];

const some = (count) => Array.from({ length: count }, (_, i) => 3 + ((i * 37) % 256));

async function load({ paths, tokens: count, history: before = 0 }) {
  const llama = await getLlama({ build: "never", gpu: false, logLevel: "error" });
  tokens = some(count);
  history = some(before);
  sequences = [];
  for (const modelPath of paths) {
    const model = await llama.loadModel({ modelPath });
    const context = await model.createContext({ contextSize: before + count + 64, batchSize: Math.max(before, count), threads: cores });
    sequences.push(context.getSequence());
  }
  return { version };
}

async function run({ model }) {
  const sequence = sequences[model];
  if (sequence.nextTokenIndex < history.length || history.length === 0) {
    await sequence.clearHistory();
    if (history.length > 0) await sequence.evaluateWithoutGeneratingNewTokens(history);
  } else await sequence.eraseContextTokenRanges([{ start: history.length, end: sequence.nextTokenIndex }]);
  const started = now();
  await sequence.evaluateWithoutGeneratingNewTokens(tokens);
  return { milliseconds: now() - started };
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await (command.do === "load" ? load(command) : run(command)))}\n`);
}
process.exit(0);
