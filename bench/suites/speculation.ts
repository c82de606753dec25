// What lossless speculation saves: small models are trained for a minute on TinyCode, one from left to right and one in blocks, and write answers to
// held-out tasks one token a step and by `speculativeDecoder`. The texts must be equal; what differs is passes, tokens through the network and time.
import { existsSync } from "node:fs";
import { createRandom, DiffuCoderError } from "@diffucoder/core";
import { cachedNetwork, initParameters, logitsFunction, type ModelConfig, ModelConfigSchema } from "@diffucoder/model";
import { createCachedDenoiser, generate, speculativeDecoder } from "@diffucoder/samplers";
import { encodeExample, exampleStream, tinyCodeTasks } from "@diffucoder/tasks";
import { exampleBatches, freshState, pretrain, PretrainConfigSchema } from "@diffucoder/trainer";
import { bundledModelDir, type DiffuCoder, loadDiffuCoder } from "diffucoder";
import { measured, type Result } from "../measurement.ts";
import type { SuiteOptions } from "./suite.ts";

const suite = "speculation";
const STEPS = 400;
const TASKS = 12;
const layout = { promptLength: 64, completionLength: 64 };
const blockLengths = { "left to right": 1, "blocks of 8": 8 };

export async function speculationSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  if (!existsSync(bundledModelDir())) {
    say("speculation: skipped; the bundled model tinycode-base, whose tokenizer it needs, is not there.");
    return [];
  }
  const coder = await loadDiffuCoder(bundledModelDir());
  try {
    const results: Result[] = [];
    for (const [name, blockLength] of Object.entries(blockLengths)) {
      say(`speculation: training a small model, ${name} ...`);
      const parameters = await trained(coder, { blockLength, steps: quick ? 2 : STEPS });
      for (const temperature of quick ? [0] : [0, 0.8])
        results.push(...(await compared(coder, { name, blockLength, parameters, temperature, quick })));
    }
    return results;
  } finally {
    await coder.close();
  }
}

type Parameters = Awaited<ReturnType<typeof pretrain>>["parameters"];

/** Of 0.4M parameters, with the bundled model's vocabulary. */
function configOf({ tokenizer: { vocabSize, special } }: DiffuCoder): ModelConfig {
  return ModelConfigSchema.parse({
    vocabSize,
    hiddenSize: 96,
    intermediateSize: 256,
    numHiddenLayers: 3,
    numAttentionHeads: 4,
    numKeyValueHeads: 2,
    maxPositionEmbeddings: layout.promptLength + layout.completionLength,
    ropeTheta: 10_000,
    maskTokenId: special.mask,
    padTokenId: special.endOfText,
    eosTokenId: special.imEnd,
    bosTokenId: special.endOfText,
  });
}

async function trained(coder: DiffuCoder, { blockLength, steps }: { blockLength: number; steps: number }): Promise<Parameters> {
  const config = configOf(coder);
  const random = createRandom(0);
  const example = exampleStream({ tiers: { 2: 1 }, seed: 0 });
  const objective = blockLength === 1 ? { objective: "autoregressive" } : { objective: "block_diffusion", blockLength };
  const state = await pretrain({
    config: PretrainConfigSchema.parse({
      stages: [{ ...objective, maxSteps: steps }],
      perDeviceTrainBatchSize: 8,
      learningRate: 3e-3,
      warmupSteps: Math.min(20, steps - 1),
    }),
    logits: logitsFunction(config),
    state: freshState(initParameters({ config, random: random.split("init") })),
    vocabSize: config.vocabSize,
    batch: exampleBatches({
      example: (index) => encodeExample(example(index), coder.tokenizer),
      batchSize: 8,
      layout: { ...layout, padTokenId: config.padTokenId },
    }),
    maskTokenId: config.maskTokenId,
    random: random.split("train"),
  });
  return state.parameters;
}

interface Contest {
  name: string;
  blockLength: number;
  parameters: Parameters;
  temperature: number;
  quick: boolean;
}

async function compared(coder: DiffuCoder, { name, blockLength, parameters, temperature, quick }: Contest): Promise<Result[]> {
  const config = configOf(coder);
  const { maskTokenId, vocabSize } = config;
  const denoiser = createCachedDenoiser({
    network: cachedNetwork(config),
    parameters: () => parameters,
    frozen: true,
    cache: { kind: "block-causal", blockLength },
    maskTokenId,
    vocabSize,
    forbiddenIds: [maskTokenId],
  });
  const ends = [...coder.endIds];
  const prompts = tinyCodeTasks({ tiers: { 2: 1 }, split: "dev", count: quick ? 2 : TASKS, seed: 0 }).map(({ prompt }) =>
    coder.tokenizer.encodeChat([{ role: "user", content: prompt.text }]),
  );
  const run = async (draftTokens: number | undefined) => {
    const decoder = speculativeDecoder({ blockLength, temperature, draftTokens });
    const total = { texts: [] as string[], tokens: 0, forwardPasses: 0, forwardTokens: 0, seconds: 0 };
    for (const [i, promptIds] of prompts.entries()) {
      const options = {
        denoiser,
        decoder,
        promptIds: [promptIds],
        maxNewTokens: layout.completionLength,
        padTokenId: config.padTokenId,
        eosTokenIds: ends,
      };
      if (total.texts.length === 0) await generate({ ...options, random: createRandom(i) }); // for the plans to be compiled
      const started = performance.now();
      const { completionIds, ends: found, forwardPasses, forwardTokens } = await generate({ ...options, random: createRandom(i) });
      total.seconds += (performance.now() - started) / 1000;
      total.texts.push(completionIds[0]!.join(" "));
      total.tokens += (found[0] ?? layout.completionLength - 1) + 1;
      total.forwardPasses += forwardPasses;
      total.forwardTokens += forwardTokens;
    }
    return total;
  };
  try {
    const [slow, fast] = [await run(0), await run(undefined)];
    if (fast.texts.join("\n") !== slow.texts.join("\n"))
      throw new DiffuCoderError("DIFFERS", `${name}: speculation gave another text than one token a step.`);
    const row = (what: string, unit: string, of: (one: typeof slow) => number): Result =>
      measured({ suite, name: `${name}, temperature ${temperature}: ${what}`, ours: of(fast), unit, peer: of(slow), peerName: "one token a step" });
    return [
      { ...row("tokens a forward pass", "tokens", (one) => one.tokens / one.forwardPasses), target: { of: "ratio", atLeast: 1.5 } },
      row("tokens through the network, a token", "tokens", (one) => one.forwardTokens / one.tokens),
      row("tokens a second", "tokens/s", (one) => one.tokens / one.seconds),
    ];
  } finally {
    denoiser.dispose();
  }
}
