import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "@diffucoder/core";
import { loadAdapter, mergeAdapter } from "@diffucoder/model";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";
import { CoupledGrpoRecipeSchema, runCoupledGrpo } from "./coupled-grpo.ts";
import { writeLettersReward, writeTasks } from "./letters.fixture.ts";
import { type DiffusionModel, loadDiffusionModel } from "./load-diffusion-model.ts";
import { mergeIntoModel } from "./merge-adapter.ts";

const folder = mkdtempSync(join(tmpdir(), "grpo-lora-"));
const model = makeTinyModel();
let coder: DiffusionModel;
let sandbox: Sandbox;
beforeAll(async () => {
  coder = await loadDiffusionModel(model.dir);
  sandbox = await createSandbox();
});
afterAll(async () => {
  sandbox.close();
  await coder.close();
  model.remove();
  rmSync(folder, { recursive: true });
});

const tasks = writeTasks(folder, ["f", "g"]);
const rewardFile = writeLettersReward(folder);

const lora = { r: 2, targetModules: ["q_proj", "down_proj"] };
const run = (
  name: string,
  { adapter, numIterations = 2, ...settings }: { adapter?: string; numIterations?: number; merge?: boolean } = {},
): Promise<string> => {
  const recipe = parseConfig(CoupledGrpoRecipeSchema, {
    data: { dataset: tasks, tasks: 2 },
    sampling: { steps: 4, temperature: 1 },
    training: {
      maxSteps: 2,
      promptsPerStep: 2,
      numGenerations: 4,
      numIterations,
      beta: 0.01,
      learningRate: 1e-2,
      rewardModules: [{ file: rewardFile }],
    },
    lora: { ...lora, ...settings },
  });
  const quiet = { fresh: false, signal: new AbortController().signal, onProgress: () => {}, onNote: () => {} };
  return runCoupledGrpo({ recipe, coder, modelDir: model.dir, adapter, sandbox, output: join(folder, name), ...quiet });
};

describe("coupled-GRPO of a LoRA adapter", () => {
  it("trains the adapter alone, and merges it on request", async () => {
    const before = Object.entries(coder.parameters).map(([name, { data }]) => [name, data.slice()] as const);
    const adapter = await run("adapter");
    expect(adapter).toBe(join(folder, "adapter", "adapter"));
    for (const [name, data] of before) expect(coder.parameters[name]!.data, name).toEqual(data);

    const trained = loadAdapter(adapter, coder.config);
    const matrices = Object.entries(trained.parameters);
    expect(matrices.filter(([name]) => name.includes("lora_B")).every(([, { data }]) => data.some((value) => value !== 0))).toBe(true);
    const merged = await loadDiffusionModel(await run("merged", { merge: true }));
    const wanted = mergeAdapter(coder.parameters, trained);
    for (const [name, { data }] of Object.entries(merged.parameters)) expect(data, name).toEqual(wanted[name]!.data);
    await merged.close();

    const output = join(folder, "by-command");
    const whole = await loadDiffusionModel(await mergeIntoModel({ model: model.dir, adapter, output, dtype: "F32" }));
    expect(whole.parameters).toEqual(merged.parameters);
    expect(whole.generationConfig).toEqual(merged.generationConfig);
    await whole.close();
    await expect(mergeIntoModel({ model: model.dir, adapter, output, dtype: "F32" })).rejects.toThrow(
      `${output}: holds a model already. Give another folder with --output.`,
    );
  });

  it("goes on from an adapter, whose weights are the reference", async () => {
    const adapter = await run("first");
    const next = loadAdapter(await run("second", { adapter, numIterations: 1 }), coder.config);
    const [before, after] = [loadAdapter(adapter, coder.config).parameters, next.parameters];
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(Object.keys(after).every((name) => !after[name]!.data.every((value, i) => value === before[name]!.data[i]))).toBe(true);
    const [first] = readFileSync(join(folder, "second", "metrics.jsonl"), "utf8").split("\n");
    expect((JSON.parse(first!) as { kl: number }).kl).toBe(0); // the first update stands where the reference does
  });
});
