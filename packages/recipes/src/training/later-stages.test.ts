// The stages one after the other on a tiny model: autoregressive base, adaptation, mid-training, instruction tuning, each with its own data.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "@diffucoder/core";
import { type DiffuCoder, loadDiffuCoder } from "@diffucoder/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recipeFile } from "../recipe-file.ts";
import { runLaterStage } from "./later-stages.ts";
import { PretrainRecipeSchema, runPretrain } from "./pretrain.ts";
import { StageRecipeSchema } from "./stage-recipe.ts";
import type { StageCommand } from "./starting-model.ts";

const folder = mkdtempSync(join(tmpdir(), "stages-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const lines = (name: string, values: readonly object[]): string => {
  const path = join(folder, name);
  writeFileSync(path, values.map((value) => `${JSON.stringify(value)}\n`).join(""));
  return path;
};

const notes: string[] = [];
const where = (name: string) => ({
  output: join(folder, name),
  fresh: true,
  signal: new AbortController().signal,
  onProgress: () => {},
  onNote: (note: string) => void notes.push(note.replaceAll(folder, "F")),
});
const data = { tiers: { "1": 1 }, promptLength: 36, completionLength: 28 };
const settings = { perDeviceTrainBatchSize: 2, learningRate: 1e-3 };
const stage = async (
  command: Exclude<StageCommand, "pretrain">,
  { init, adapter, stages, name = command, ...more }: { init: string; adapter?: string; stages: object[]; name?: string; [key: string]: unknown },
) =>
  runLaterStage({
    command,
    init,
    adapter,
    recipe: parseConfig(StageRecipeSchema, { data, training: { ...settings, stages }, ...more }, { source: "recipe" }),
    ...where(name),
  });
const configOf = (model: string): Record<string, unknown> => JSON.parse(readFileSync(join(model, "config.json"), "utf8")) as Record<string, unknown>;

const logLikelihoodOf = async (coder: DiffuCoder): Promise<number> =>
  (await coder.likelihood({ prompt: "Add 1 to x.", completion: "x + 1", seed: 1 })).elbo;

let base = "";
beforeAll(async () => {
  const model = { family: "qwen2", hiddenSize: 16, intermediateSize: 32, numHiddenLayers: 1, numAttentionHeads: 2, numKeyValueHeads: 1 };
  const training = { ...settings, stages: [{ objective: "autoregressive", maxSteps: 2 }] };
  base = await runPretrain({
    recipe: parseConfig(PretrainRecipeSchema, { model, data, training }, { source: "recipe" }),
    tokenizerFile: recipeFile("tokenizer"),
    ...where("base"),
  });
}, 60_000);

describe("the stages, one after the other", () => {
  it("make an autoregressive model, a diffusion model of it, and go on from that", { timeout: 120_000 }, async () => {
    expect(configOf(base)).toMatchObject({ model_type: "qwen2", architectures: ["Qwen2ForCausalLM"] });
    const adapted = await stage("adapt", { init: base, stages: [{ objective: "adaptation", maxSteps: 3, annealSteps: 2 }] });
    expect(configOf(adapted)).toMatchObject({ model_type: "Dream", vocab_size: configOf(base)["vocab_size"] });
    const texts = lines(
      "texts.jsonl",
      Array.from({ length: 8 }, (_, i) => ({ text: `x = ${i}\n`.repeat(20) })),
    );
    const trained = await stage("midtrain", {
      init: adapted,
      stages: [{ objective: "adaptation", maxSteps: 1 }],
      data: { ...data, dataset: texts },
      evaluation: { dataset: texts, examples: 2 },
      training: { ...settings, stages: [{ objective: "adaptation", maxSteps: 1 }], evalSteps: 1 },
    });
    expect(JSON.parse(readFileSync(join(trained, "generation_config.json"), "utf8"))).toEqual({
      maxNewTokens: 32,
      steps: 32,
      alg: "entropy",
      temperature: 0,
      topP: 1,
    });
    const pairs = lines("pairs.jsonl", [
      { prompt: "Add 1 to x.", response: "x + 1" },
      { prompt: "Add 2 to x.", response: "x + 2" },
      { prompt: "Add 1 to x. ".repeat(40), response: "x" },
      { prompt: "Add 1." },
    ]);
    const tuned = await stage("sft", {
      init: trained,
      stages: [{ objective: "instruction_tuning", maxSteps: 2 }],
      data: { ...data, dataset: pairs },
    });
    expect(notes).toEqual([
      "Left out line 4 of F/pairs.jsonl: must have text, prompt and response, messages, or the tests of a task",
      "Left out 1 of 3 examples of F/pairs.jsonl: longer than data.promptLength or data.completionLength.",
    ]);
    const coder = await loadDiffuCoder(tuned);
    expect((await coder.generate({ prompt: "Add 1 to x.", maxNewTokens: 8 })).tokenIds).toHaveLength(8);
    await coder.close();
  });
});

describe("a stage with LoRA", () => {
  const sft = { stages: [{ objective: "instruction_tuning", maxSteps: 3 }], lora: { r: 2, targetModules: ["q_proj", "down_proj"] } };

  it("trains the adapter alone, which the engine loads, and goes on from it", { timeout: 120_000 }, async () => {
    const model = await stage("adapt", { init: base, stages: [{ objective: "adaptation", maxSteps: 1 }], name: "adapt-for-lora" });
    const adapter = await stage("sft", { init: model, ...sft, name: "lora" });
    expect(adapter).toBe(join(folder, "lora", "adapter"));
    const merged = await stage("sft", { init: model, ...sft, lora: { ...sft.lora, merge: true }, name: "merged" });
    const [plain, adapted, whole] = await Promise.all([loadDiffuCoder(model), loadDiffuCoder(model, { adapter }), loadDiffuCoder(merged)]);
    const [before, after, ofMerged] = [await logLikelihoodOf(plain), await logLikelihoodOf(adapted), await logLikelihoodOf(whole)];
    expect(after).not.toBe(before);
    expect(Math.abs(after - ofMerged)).toBeLessThan(0.05 * Math.abs(after)); // the merged weights are saved in bf16
    await expect(loadDiffuCoder(adapter)).rejects.toThrow(
      `${adapter}: holds a LoRA adapter for ${model}, not a model. Load its model and give this folder as the adapter (--adapter).`,
    );
    await expect(stage("sft", { init: model, adapter, ...sft, lora: { r: 4 }, name: "other-rank" })).rejects.toThrow(
      "lora.r must be 2, as of the adapter that it goes on from, got 4.",
    );
    for (const coder of [plain, adapted, whole]) await coder.close();
  });
});

describe("a stage that does not fit its model or its data", () => {
  const refusal = async (command: Exclude<StageCommand, "pretrain">, options: Parameters<typeof stage>[1], message: string): Promise<void> => {
    await expect(stage(command, { ...options, name: "refused" })).rejects.toThrow(message);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  };
  const adaptation = [{ objective: "adaptation", maxSteps: 1 }];

  it("says which kind it starts from", async () => {
    await refusal(
      "sft",
      { init: base, stages: [{ objective: "instruction_tuning", maxSteps: 1 }] },
      `--init must be the folder of a masked diffusion model, not of a model of type qwen2, which train adapt makes one of, got "${base}".`,
    );
  });

  it("says that text does not fill a row, and that held-out examples are missing", async () => {
    const short = lines("short.jsonl", [{ text: "x" }]);
    const training = { ...settings, stages: adaptation, evalSteps: 1 };
    const onFile = { init: base, stages: adaptation, data: { ...data, dataset: short } };
    await refusal(
      "adapt",
      onFile,
      `${short}: holds 2 tokens of text, which fill no row of 64. Change data.promptLength and data.completionLength, or give more data.`,
    );
    await refusal(
      "adapt",
      { ...onFile, training },
      `evaluation.dataset must be a file of held-out examples, since training.evalSteps evaluates and ${short} is trained on, got undefined.`,
    );
  });

  it("has its attention open before it ends", async () => {
    await refusal(
      "adapt",
      { init: base, stages: [{ objective: "adaptation", maxSteps: 1, annealSteps: 2 }] },
      "training.stages.0.annealSteps: must be at most maxSteps: attention must be open before the stage ends, as it is when the model generates",
    );
  });
});
