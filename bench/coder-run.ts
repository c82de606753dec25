// A process of its own for one checkpoint of a small coder: what a person who starts it waits for, and what it takes. Prints JSON. How many tokens
// a pass commits is scripted, since random weights are never sure: `sdar_sequential` divides a block of 32 evenly into eleven passes, 2.9 each.
import { availableParallelism } from "node:os";
import type { Quantization } from "@diffucoder/model";
import { type DiffuCoder, type GenerateOptions, loadDiffuCoder } from "diffucoder";

/** What the process prints. */
export interface CoderRun {
  /** From the start of the process to the first token of the first request. */
  firstTokenSeconds: number;
  /** Of a pass over a block of 32 after 256 tokens: those that compute that block alone. */
  passMilliseconds: number[];
  /** New tokens by the seconds of a whole request, its prompt of 256 tokens included, and by those after its first pass. */
  tokensPerSecond: number;
  laterTokensPerSecond: number;
  /** First token of a turn with 512 tokens of history that are kept, and with as many that are not, seconds. */
  turnSeconds: { kept: number; anew: number };
  /** Tokens of the history that were not computed again. */
  reusedTokens: number;
  historyTokens: number;
  peakBytes: number;
}

const PROMPT = 256;
const HISTORY = 512;
const BLOCK = 32;
const PASSES_A_BLOCK = 11;
const NEW_TOKENS = 4 * BLOCK;
const SETTINGS: Partial<GenerateOptions> = {
  alg: "sdar_sequential",
  blockLength: BLOCK,
  stepsPerBlock: PASSES_A_BLOCK,
  temperature: 0,
  chatTemplate: false,
};

const [folder, quantize, rounds] = process.argv.slice(2) as [string, Quantization, string];
const coder = await loadDiffuCoder(folder, { quantize });
let texts = 0;

/** A text of so many tokens or a few more, which begins unlike every other. */
function textOf(tokens: number): string {
  let text = `task ${"abcdefghij"[texts++ % 10]}${texts}`;
  while (coder.tokenizer.encode(text).length < tokens) text += " sort it";
  return text;
}

/** Milliseconds since the process began: of the processor where there is one core, as `clock` has them. */
function now(): number {
  if (availableParallelism() > 1) return performance.now(); // counts from the start of the process
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/** The seconds of a request's passes, from its beginning. */
async function times(model: DiffuCoder, prompt: string, maxNewTokens: number): Promise<number[]> {
  const started = now();
  const seconds: number[] = [];
  for await (const event of model.stream({ ...SETTINGS, prompt, maxNewTokens })) if (event.type === "reveal") seconds.push((now() - started) / 1e3);
  return seconds;
}

await times(coder, textOf(40), 8);
const firstTokenSeconds = now() / 1e3;

await times(coder, textOf(PROMPT), NEW_TOKENS); // compiles what the others run
const requests: number[][] = [];
for (let round = 0; round < Number(rounds); round++) requests.push(await times(coder, textOf(PROMPT), NEW_TOKENS));
const best = (of: (seconds: number[]) => number): number => Math.max(...requests.map(of));
const isOfOneBlock = (pass: number): boolean => pass % PASSES_A_BLOCK !== 0;
const passMilliseconds = requests.flatMap((seconds) =>
  seconds.map((at, pass) => 1e3 * (at - (seconds[pass - 1] ?? 0))).filter((_, pass) => isOfOneBlock(pass)),
);

const firstOf = async (prompt: string): Promise<number> => (await times(coder, prompt, BLOCK))[0]!;
const history = textOf(HISTORY);
await firstOf(history);
await firstOf(textOf(HISTORY + BLOCK)); // compiles
const { reusedTokens: before } = coder.stats().prefixCache;
const kept = await firstOf(`${history} ${textOf(BLOCK)}`);
const reusedTokens = coder.stats().prefixCache.reusedTokens - before;
const anew = await firstOf(textOf(HISTORY + BLOCK));

const run: CoderRun = {
  firstTokenSeconds,
  passMilliseconds,
  tokensPerSecond: best((seconds) => NEW_TOKENS / seconds.at(-1)!),
  laterTokensPerSecond: best((seconds) => NEW_TOKENS / (seconds.at(-1)! - seconds[0]!)),
  turnSeconds: { kept, anew },
  reusedTokens,
  historyTokens: coder.tokenizer.encode(history).length,
  peakBytes: 1024 * process.resourceUsage().maxRSS,
};
process.stdout.write(JSON.stringify(run));
await coder.close();
