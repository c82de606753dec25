// Completions a second of the model that comes with the project: sampled as coupled-GRPO samples its rollouts, and as requests
// that come one by one beside the same rows handed over as one batch.
import { existsSync } from "node:fs";
import { createRandom } from "@diffucoder/core";
import { tinyCodeTasks } from "@diffucoder/tasks";
import { dreamDecoder, generate } from "@diffucoder/samplers";
import { bundledModelDir, type DiffuCoder, loadDiffuCoder } from "diffucoder";
import { extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import type { SuiteOptions } from "./suite.ts";

const ROWS = 64;
const STEPS = 24;
const PROMPTS = 8;
const REQUESTS = 16;

export async function denoiseSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  if (!existsSync(bundledModelDir())) {
    say("denoise: skipped; the bundled model tinycode-base is not there.");
    return [];
  }
  say("denoise ...");
  const coder = await loadDiffuCoder(bundledModelDir());
  const { promptLength, maxNewTokens } = coder.generationConfig;
  const { special } = coder.tokenizer;
  const encode = (prompt: string): number[] => coder.tokenizer.encodeChat([{ role: "user", content: prompt }]);
  const accepts = ({ prompt }: { prompt: { text: string } }): boolean => encode(prompt.text).length <= promptLength;
  const prompts = tinyCodeTasks({ tiers: { 2: 2, 3: 3 }, split: "train", count: PROMPTS, seed: 0, accepts }).map(({ prompt }) => encode(prompt.text));
  const generation = {
    denoiser: coder.denoiser,
    promptIds: Array.from({ length: ROWS }, (_, row) => prompts[row % PROMPTS] as number[]),
    maxNewTokens,
    decoder: dreamDecoder({ steps: STEPS, alg: "entropy", temperature: 1, schedule: "even" }),
    padTokenId: coder.padTokenId,
    promptLength,
    eosTokenIds: [special.imEnd, special.endOfText],
  };
  // The same draws in every round: rows that end early leave the batch, so other draws would be other work.
  const times = await inTurns({ ours: () => timed(() => generate({ ...generation, random: createRandom(0) })) }, quick ? 1 : 9);
  const rates = times.ours.map((milliseconds) => (1000 * ROWS) / milliseconds);
  const name = `${ROWS} rows, ${STEPS} steps, temperature 1`;
  const together = measured({ suite: "denoise", name, ours: median(rates), spread: extent(rates), unit: "completions/s" });
  const arriving = await requestsBesideBatch(coder, quick ? 1 : 9);
  await coder.close();
  return [together, arriving];
}

/** The decode loop fed request by request, each of which is read as it goes, beside one batch of the same rows. */
async function requestsBesideBatch(coder: DiffuCoder, rounds: number): Promise<Result> {
  const prompts = tinyCodeTasks({ tiers: { 2: 1, 3: 1 }, split: "train", count: REQUESTS, seed: 1 }).map(({ prompt }) => prompt.text);
  const requests = prompts.map((content, seed) => ({ messages: [{ role: "user" as const, content }], temperature: 0.2, seed }));
  const readToEnd = async (events: AsyncIterable<unknown>): Promise<void> => {
    for await (const event of events) void event;
  };
  const times = await inTurns(
    {
      ours: () => timed(() => Promise.all(requests.map((request) => readToEnd(coder.submit(request))))),
      peer: () => timed(() => coder.generate(requests)),
    },
    rounds,
  );
  const rate = (milliseconds: number): number => (1000 * REQUESTS) / milliseconds;
  return measured({
    suite: "denoise",
    name: `${REQUESTS} requests that come one by one`,
    ours: rate(median(times.ours)),
    spread: extent(times.ours.map(rate)),
    unit: "completions/s",
    peer: rate(median(times.peer)),
    peerSpread: extent(times.peer.map(rate)),
    peerName: "the same rows in one batch",
    target: { of: "ratio", atLeast: 0.95 },
  });
}
