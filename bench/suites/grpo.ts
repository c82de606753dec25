// An iteration of coupled-GRPO beside the published algorithm in PyTorch, on the bundled model's weights: 48 completions of 48 tokens, sampled one
// token a step through full passes, and two updates whose scores take three passes each; then with what we can choose instead. Rewards are made up: a
// sandbox would cost both sides the same.
import { existsSync } from "node:fs";
import { CoupledGrpoConfigSchema, type CoupledGrpoState, freshCoupledGrpoState, rolloutStage } from "@diffucoder/coupled-grpo";
import { createRandom } from "@diffucoder/core";
import { cachedNetwork } from "@diffucoder/model";
import { createCachedDenoiser, createDecoder, type Decoder, dreamDecoder } from "@diffucoder/samplers";
import { tinyCodeTasks } from "@diffucoder/tasks";
import { cloneParameters, freshState } from "@diffucoder/trainer";
import { bundledModelDir, loadDiffuCoder } from "diffucoder";
import { extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import type { BenchModel } from "../models.ts";
import { findTorch, startTorch } from "../peers/torch.ts";
import type { SuiteOptions } from "./suite.ts";

const suite = "grpo";
const [PROMPTS, GROUP, PROMPT_LENGTH, NEW_TOKENS] = [6, 8, 36, 48];
const rows = PROMPTS * GROUP;

const config = CoupledGrpoConfigSchema.parse({ maxSteps: 1000, promptsPerStep: PROMPTS, numGenerations: GROUP, learningRate: 1e-6, saveSteps: 1000 });

export async function grpoSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  if (!existsSync(bundledModelDir())) {
    say("grpo: skipped; the bundled model tinycode-base is not there.");
    return [];
  }
  say("grpo ...");
  const { model, prompts } = await trained();
  const torch = findTorch();
  const options = { max_new_tokens: NEW_TOKENS, steps: NEW_TOKENS, alg: "entropy", temperature: 1 };
  const promptIds = prompts.flatMap((ids) => Array.from({ length: GROUP }, () => padded(ids, model.config.padTokenId)));
  const { beta, epsilon, maxGradNorm, numIterations } = config;
  const grpo = { mu: numIterations, beta, epsilon, max_grad_norm: maxGradNorm };
  const peer = torch.python === undefined ? undefined : await startTorch(torch.python, model, "grpo", { generation: { promptIds, options, grpo } });
  const published = iteration(model, prompts, dreamDecoder({ steps: NEW_TOKENS, temperature: 1, alg: "entropy", schedule: "dream" }));
  const half = iteration(model, prompts, dreamDecoder({ steps: NEW_TOKENS / 2, temperature: 1, alg: "entropy", schedule: "even" }));
  const threshold = iteration(model, prompts, createDecoder({ alg: "threshold", threshold: 0.9, temperature: 1, blockLength: NEW_TOKENS / 2 }), true);
  try {
    const times = await inTurns(
      {
        published: () => timed(published.run),
        half: () => timed(half.run),
        threshold: () => timed(threshold.run),
        peer: peer && (async () => (await peer.run()).milliseconds),
      },
      quick ? 1 : 3,
    );
    const row = (name: string, own: readonly number[], atMost: number): Result =>
      measured({
        suite,
        name: `${rows} completions, ${name}`,
        ours: median(own),
        spread: extent(own),
        unit: "ms",
        target: { of: "ratio", atMost },
        note: torch.problem,
        ...(peer && { peer: median(times.peer), peerSpread: extent(times.peer), peerName: `${peer.name}, as published` }),
      });
    return [
      row("as published: one token a step, full passes", times.published, 0.3),
      row("two tokens a step", times.half, 0.3),
      row("threshold 0.9 and a dual cache", times.threshold, 0.1),
    ];
  } finally {
    peer?.close();
    for (const one of [published, half, threshold]) one.dispose();
  }
}

function padded(ids: readonly number[], padTokenId: number): number[] {
  return [...Array.from({ length: PROMPT_LENGTH - ids.length }, () => padTokenId), ...ids];
}

async function trained(): Promise<{ model: BenchModel; prompts: number[][] }> {
  const { config: modelConfig, parameters, logits, tokenizer, close } = await loadDiffuCoder(bundledModelDir());
  await close();
  if (!("maskTokenId" in modelConfig)) throw new Error("the bundled model is a diffusion model");
  const encode = (prompt: string): number[] => tokenizer.encodeChat([{ role: "user", content: prompt }]);
  const accepts = ({ prompt }: { prompt: { text: string } }): boolean => encode(prompt.text).length <= PROMPT_LENGTH;
  const tasks = tinyCodeTasks({ tiers: { 2: 1, 3: 1 }, split: "train", count: PROMPTS, seed: 0, accepts });
  const model = { name: "tinycode-base", config: modelConfig, parameters, logits, batchSize: 1, length: modelConfig.maxPositionEmbeddings } as const;
  return { model, prompts: tasks.map(({ prompt }) => encode(prompt.text)) };
}

/** One iteration after the other, each on the state that the last one left. */
function iteration(model: BenchModel, prompts: number[][], decoder: Decoder, isCached = false): { run: () => Promise<void>; dispose: () => void } {
  const { config: modelConfig, logits } = model;
  const { maskTokenId, padTokenId, vocabSize } = modelConfig;
  const stage = rolloutStage({
    config,
    logits,
    vocabSize,
    maskTokenId,
    padTokenId,
    eosTokenIds: [], // as the published sampler, which runs to the end
    forbiddenIds: [maskTokenId],
    promptLength: PROMPT_LENGTH,
    maxNewTokens: NEW_TOKENS,
    decoder,
    ...(isCached && {
      denoiser: (parameters) =>
        createCachedDenoiser({
          network: cachedNetwork(modelConfig),
          parameters,
          cache: { kind: "dual" },
          maskTokenId,
          vocabSize,
          forbiddenIds: [maskTokenId],
        }),
    }),
    prompts: () => prompts,
    reward: async ({ completionIds }) => completionIds.map((_, i) => i % 2),
    random: createRandom(0),
  });
  let state: CoupledGrpoState = freshCoupledGrpoState(freshState(cloneParameters(model.parameters)));
  let step = 0;
  return {
    run: async () => {
      const { updates } = await stage.prepare(state, { step, stageStep: step });
      for (const update of updates) ({ state } = await update(state, { lr: config.learningRate, count: ++step }));
    },
    dispose: () => stage.dispose(),
  };
}
