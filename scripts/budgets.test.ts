// Costs that no load on the machine changes, held to budgets.json: how many forward passes a fixed request takes, and how many plans are
// compiled for rows of many lengths and settings. A little room is left: another processor rounds otherwise, and may be less sure of a token.
// (check-pack.mjs holds what packages weigh.)
import { readFileSync } from "node:fs";
import { createRandom } from "@diffucoder/core";
import {
  createDecodeLoop,
  createDenoiser,
  type Decoder,
  dreamDecoder,
  parallelDecoder,
  ParallelOptionsSchema,
  promptCanvas,
  SamplerOptionsSchema,
} from "@diffucoder/samplers";
import { type Executor, onnxExecutor } from "@diffucoder/tensor";
import { bundledModelDir, type DiffuCoder, loadDiffuCoder } from "diffucoder";
import { afterAll, beforeAll, expect, it } from "vitest";

interface Budgets {
  decoding: Record<"dream" | "threshold", { forwardPasses: number }>;
  loop: { forwardPasses: number; forwardTokens: number; plans: number };
}

const budgets = JSON.parse(readFileSync(new URL("budgets.json", import.meta.url), "utf8")) as Budgets;
const PROMPTS = ["Return the sum of the elements of xs.", "Return the elements of xs that are even, plus 5.", "Return the largest element of xs."];
const decoders: Record<"dream" | "threshold", Decoder> = {
  dream: dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 32, steps: 16, schedule: "even" })),
  threshold: parallelDecoder(ParallelOptionsSchema.parse({ rule: "threshold", threshold: 0.9 })),
};

let coder: DiffuCoder;
let executor: Executor;
beforeAll(async () => {
  coder = await loadDiffuCoder(bundledModelDir());
  executor = await onnxExecutor();
});
afterAll(() => coder.close());

/** Decodes a row for each of the given lengths together, prompts and decoders in turns. */
async function decode(lengths: readonly number[], names: readonly ("dream" | "threshold")[]) {
  const { padTokenId, tokenizer, config } = coder;
  let plans = 0;
  const denoiser = createDenoiser({
    logits: coder.logits,
    parameters: () => coder.parameters,
    vocabSize: config.vocabSize,
    maskTokenId: coder.denoiser.maskTokenId,
    forbiddenIds: [coder.denoiser.maskTokenId],
    executor: { name: executor.name, prepare: (graph) => (plans++, executor.prepare(graph)) },
  });
  const loop = createDecodeLoop({ denoiser, padTokenId, maxRows: 4 });
  const rows = lengths.map((maxNewTokens, i) => {
    const promptIds = tokenizer.encodeChat([{ role: "user", content: PROMPTS[i % PROMPTS.length]! }]);
    const canvas = promptCanvas({ promptIds, maxNewTokens, denoiser, padTokenId });
    return loop.add({ canvas, decoder: decoders[names[i % names.length]!], random: createRandom(i), eosTokenIds: [...coder.endIds] });
  });
  for (const row of rows) for await (const _ of row); // each keeps its events until they are read
  denoiser.dispose();
  return { ...loop.stats(), plans };
}

const said = (what: string, now: number, budget: number): string =>
  `${what}: ${now}, and scripts/budgets.json allows ${budget}. Find what made it dearer, or raise the budget and say why.`;

it.each(["dream", "threshold"] as const)("a request decoded by %s takes no more forward passes than it did", async (name) => {
  const { forwardPasses } = await decode([32], [name]);
  const budget = budgets.decoding[name].forwardPasses;
  expect(forwardPasses, said("forward passes", forwardPasses, budget)).toBeLessThanOrEqual(budget);
});

it("twelve rows of other lengths and decoders share passes and plans", async () => {
  const stats = await decode([32, 8, 17, 30, 5, 23, 32, 11, 29, 3, 26, 14], ["dream", "threshold"]);
  for (const name of ["forwardPasses", "forwardTokens", "plans"] as const)
    expect(stats[name], said(name, stats[name], budgets.loop[name])).toBeLessThanOrEqual(budgets.loop[name]);
});
