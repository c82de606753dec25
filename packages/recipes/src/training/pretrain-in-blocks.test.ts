// Training of models whose tokens see blocks: what the loss asks of the network is what decoding asks of it, and a run of the recipe.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createRandom, parseConfig } from "@diffucoder/core";
import { loadDiffuCoder } from "@diffucoder/engine";
import { logitsFunction, type ModelConfig, modelTraits } from "@diffucoder/model";
import { compile, int32, type NdArray, type Tensor } from "@diffucoder/tensor";
import { blockDiffusion } from "@diffucoder/trainer";
import { afterAll, describe, expect, it } from "vitest";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";
import { loadDiffusionModel } from "./load-diffusion-model.ts";
import { PretrainRecipeSchema, runPretrain } from "./pretrain.ts";

const BLOCK = 4;
const make = (model: Partial<ModelConfig>) => makeTinyModel({ model: { blockLength: BLOCK, maxPositionEmbeddings: 512, ...model } });
const folders = {
  sdar: make({ family: "sdar", attentionBias: false, queryKeyNorm: true, headSize: 8 }),
  Fast_dLLM_Qwen: make({ family: "Fast_dLLM_Qwen" }),
  "stable-diffcoder": make({ family: "stable-diffcoder", attentionBias: false }),
};
const outputs: string[] = [];
afterAll(() => {
  for (const { remove } of Object.values(folders)) remove();
  for (const output of outputs) rmSync(output, { recursive: true, force: true });
});

const recipeOf = (stage: object, maxSteps = 1) =>
  parseConfig(
    PretrainRecipeSchema,
    {
      model: { hiddenSize: 16, intermediateSize: 32, numHiddenLayers: 1, numAttentionHeads: 2, numKeyValueHeads: 1 },
      data: { tiers: { "2": 1 }, promptLength: 256, completionLength: 160 },
      training: { stages: [{ maxSteps, ...stage }], perDeviceTrainBatchSize: 1, learningRate: 1e-3, warmupSteps: 0 },
    },
    { source: "recipe" },
  );
const run = async (dir: string, stage: object, maxSteps?: number): Promise<string> => {
  const output = join(dir, "run");
  outputs.push(output);
  const signal = new AbortController().signal;
  const ignore = (): void => {};
  return runPretrain({
    recipe: recipeOf(stage, maxSteps),
    tokenizerFile: "",
    init: dir,
    output,
    fresh: true,
    signal,
    onProgress: ignore,
    onNote: ignore,
  });
};

describe.each(Object.entries(folders))("a model of type %s", (family, { dir }) => {
  it("is trained on the logits that decoding reads: all masks of a block, behind its clean past", async () => {
    const coder = await loadDiffusionModel(dir, { blocks: true });
    const { config, parameters } = coder;
    const { shift, maskTokenId } = modelTraits(config);
    const length = 12;
    const ids = Int32Array.from({ length }, (_, i) => 20 + i);
    const batch = {
      inputIds: ids,
      attentionMask: ids.map(() => 1),
      completionMask: ids.map(() => 1),
      batchSize: 1,
      sequenceLength: length,
      promptLength: 0,
    };
    // At timestep 1 every token is masked.
    const { inputIds, positionIds, attention, logitColumns } = blockDiffusion({ maskTokenId: maskTokenId!, eps: 1, blockLength: BLOCK, shift })(
      batch,
      {
        stageStep: 0,
        random: createRandom(0),
      },
    );
    const logits = logitsFunction(config);
    const pass = compile((weights: Record<string, Tensor>, inputs: { inputIds: Tensor; positionIds: Tensor; attention: Tensor }) => ({
      all: logits(weights, inputs),
    }));
    const decoding = compile((weights: Record<string, Tensor>, row: Tensor) => ({
      all: logits(weights, { inputIds: row, attention: { blockLength: BLOCK } }),
    }));
    const { all } = await pass(parameters, { inputIds, positionIds: positionIds!, attention: attention as NdArray });
    const at = ({ data }: NdArray, column: number): number[] => Array.from(data.subarray(column * config.vocabSize, (column + 1) * config.vocabSize));
    for (let block = 0; block < length; block += BLOCK) {
      const row = ids.map((id, column) => (column < block ? id : maskTokenId!));
      const asked = (await decoding(parameters, int32(row, [1, length]))).all;
      for (let column = Math.max(block, shift ? 1 : 0); column < block + BLOCK; column++) {
        const [trained, decoded] = [at(all, logitColumns?.[column] ?? column), at(asked, shift ? column - 1 : column)];
        trained.forEach((value, word) => expect(value).toBeCloseTo(decoded[word]!, 4));
      }
    }
    pass.dispose();
    decoding.dispose();
    await coder.close();
  });

  it("is trained by the recipe with its own blocks, and writes a folder that answers with its own decoder", async () => {
    const model = await run(dir, { objective: "block_diffusion" }, 3);
    const losses = readFileSync(join(dir, "run", "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { loss: number }).loss);
    expect(losses).toHaveLength(3);
    expect(losses.every(Number.isFinite)).toBe(true);
    const coder = await loadDiffuCoder(model);
    expect(modelTraits(coder.config)).toMatchObject({ family, attention: { blockLength: BLOCK } });
    expect(coder.generationConfig.alg).toMatch(/^(sdar_dynamic|fast_dllm_v2|stable_diffcoder)$/);
    expect((await coder.generate({ prompt: "Return xs.", maxNewTokens: 8 })).tokenIds).toHaveLength(8);
    await coder.close();
  });
});

it("refuses a stage that shows such a model all of a text, and blocks of unknown length for others", async () => {
  const { dir } = folders.sdar;
  await expect(run(dir, { objective: "diffusion" })).rejects.toThrow(
    'stages[0].objective must be "block_diffusion" for a model whose tokens see their own block and earlier ones only, got "diffusion".',
  );
  const full = makeTinyModel({ model: { maxPositionEmbeddings: 512 } });
  await expect(run(full.dir, { objective: "block_diffusion" })).rejects.toThrow(
    "stages[0].blockLength must be the tokens of a block, for a model that has no blocks of its own, got undefined.",
  );
  full.remove();
});
