// Ordinary GRPO of an autoregressive model: what it writes and what it is scored by are the same distribution.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom, parseConfig } from "@diffucoder/core";
import { CoupledGrpoConfigSchema, createPolicy, type Rollout } from "@diffucoder/coupled-grpo";
import type { DiffuCoder } from "@diffucoder/engine";
import { type AutoregressiveConfig, initParameters, logitsFunction, saveModel } from "@diffucoder/model";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTinyModel, TINY_SIZES } from "../../../engine/src/tiny-model.fixture.ts";
import { CoupledGrpoRecipeSchema, runCoupledGrpo } from "./coupled-grpo.ts";
import { writeLettersReward, writeTasks } from "./letters.fixture.ts";
import { loadPolicyModel } from "./load-diffusion-model.ts";

const folder = mkdtempSync(join(tmpdir(), "grpo-causal-"));
/** Its tokenizer and settings serve; its weights are replaced by those of an autoregressive model. */
const { dir, remove } = makeTinyModel({ generationConfig: { alg: "autoregressive", steps: 12 } });
let coder: DiffuCoder;
let sandbox: Sandbox;
beforeAll(async () => {
  const { vocab_size: vocabSize } = JSON.parse(readFileSync(join(dir, "config.json"), "utf8")) as { vocab_size: number };
  const config: AutoregressiveConfig = {
    family: "qwen2",
    vocabSize,
    ...TINY_SIZES,
    initializerRange: 0.2,
    tieWordEmbeddings: true,
    eosTokenIds: [0],
  };
  saveModel(dir, { config, parameters: initParameters({ config, random: createRandom(1) }) });
  coder = await loadPolicyModel(dir);
  sandbox = await createSandbox();
});
afterAll(async () => {
  sandbox.close();
  await coder.close();
  remove();
  rmSync(folder, { recursive: true });
});

const tasks = writeTasks(folder, ["f", "g"]);
const rewardFile = writeLettersReward(folder);

const run = (name: string, training: object = {}, { stopAt = Infinity }: { stopAt?: number } = {}): Promise<string> => {
  const stop = new AbortController();
  const recipe = parseConfig(CoupledGrpoRecipeSchema, {
    data: { dataset: tasks, tasks: 2 },
    sampling: { temperature: 1 },
    training: {
      maxSteps: 3,
      promptsPerStep: 2,
      numGenerations: 8,
      numIterations: 1,
      estimator: "exact",
      beta: 0,
      learningRate: 1e-2,
      maxGradNorm: 1,
      rewardModules: [{ file: rewardFile }],
      ...training,
    },
  });
  const onProgress = ({ step }: { step: number }): void => void (step >= stopAt && stop.abort());
  const options = { fresh: false, signal: stop.signal, onProgress, onNote: () => {} };
  return runCoupledGrpo({ recipe, coder, modelDir: dir, sandbox, output: join(folder, name), ...options });
};
const rewardsOf = (name: string): number[] =>
  readFileSync(join(folder, name, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { reward: number }).reward);

describe("coupled-GRPO of an autoregressive model", () => {
  it("earns more of a reward that can be earned, and writes a model of its kind", async () => {
    const model = await loadPolicyModel(await run("earns", { maxSteps: 16, learningRate: 2e-2 }));
    const rewards = rewardsOf("earns");
    const mean = (values: number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
    expect(mean(rewards.slice(-4))).toBeGreaterThan(1.5 * mean(rewards.slice(0, 4)));
    expect(model.config).toEqual(coder.config);
    await model.close();
  });

  it("ends a stopped and resumed run with the same model", async () => {
    await run("whole");
    await expect(run("stopped", {}, { stopAt: 2 })).rejects.toThrow("stopped");
    await run("stopped");
    const file = (name: string): Buffer => readFileSync(join(folder, name, "model", "model.safetensors"));
    expect(file("stopped").equals(file("whole"))).toBe(true);
  });

  it("scores in one pass what takes leftToRight one for each token", async () => {
    const rollout: Rollout = {
      promptIds: [0, 0, 5, 6],
      promptMask: [0, 0, 1, 1],
      completionIds: [7, 8, 9],
      completionMask: [1, 1, 1],
      reward: 1,
      advantage: 1,
      maskSeeds: [1],
    };
    const estimates = [];
    for (const estimator of ["exact", "leftToRight"] as const) {
      const config = CoupledGrpoConfigSchema.parse({ maxSteps: 1, promptsPerStep: 1, learningRate: 1, estimator });
      const policy = createPolicy({ logits: logitsFunction(coder.config, { attention: "causal" }), maskTokenId: 3, config });
      estimates.push(await policy.estimate(coder.parameters, [rollout], 0));
      policy.dispose();
    }
    expect([...estimates[0]![0]!]).toBeAllclose([...estimates[1]![0]!], { atol: 1e-5 });
  });

  it("is refused estimates that mask tokens, as a diffusion model is refused the likelihood that it does not have", async () => {
    await expect(run("refused", { estimator: "coupled" })).rejects.toThrow(
      'training.estimator must be "exact" for a model of type qwen2, which has its likelihood, got "coupled".',
    );
  });
});
