// Completions a second of the model that comes with the project, sampled as coupled-GRPO samples its rollouts.
import { existsSync } from "node:fs";
import { createRandom } from "@diffucoder/core";
import { tinyCodeTasks } from "@diffucoder/tasks";
import { diffusionGenerate, SamplerOptionsSchema } from "@diffucoder/samplers";
import { bundledModelDir, loadDiffuCoder } from "diffucoder";
import { extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import type { SuiteOptions } from "./suite.ts";

const ROWS = 64;
const STEPS = 24;
const PROMPTS = 8;

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
    options: SamplerOptionsSchema.parse({ maxNewTokens, steps: STEPS, alg: "entropy", temperature: 1, schedule: "even" }),
    padTokenId: coder.padTokenId,
    promptLength,
    eosTokenIds: [special.imEnd, special.endOfText],
  };
  // The same draws in every round: rows that end early leave the batch, so other draws would be other work.
  const times = await inTurns({ ours: () => timed(() => diffusionGenerate({ ...generation, random: createRandom(0) })) }, quick ? 1 : 9);
  await coder.close();
  const rates = times.ours.map((milliseconds) => (1000 * ROWS) / milliseconds);
  const name = `${ROWS} rows, ${STEPS} steps, temperature 1`;
  return [measured({ suite: "denoise", name, ours: median(rates), spread: extent(rates), unit: "completions/s" })];
}
