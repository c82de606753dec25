import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom } from "@diffucoder/core";
import { type AutoregressiveConfig, initParameters, saveModel } from "@diffucoder/model";
import { trainBpe } from "@diffucoder/tokenizer";
import { afterAll, expect, it } from "vitest";
import { loadDiffusionModel } from "./load-diffusion-model.ts";

const bundledModelDir = fileURLToPath(new URL("../../../diffucoder/models/tinycode-base/", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "train-qwen-"));
afterAll(() => rmSync(dir, { recursive: true }));

it("loads a masked diffusion model", async () => {
  const { config, close } = await loadDiffusionModel(bundledModelDir);
  expect(config.maskTokenId).toBe(732);
  await close();
});

it("refuses an autoregressive one", async () => {
  const config: AutoregressiveConfig = {
    family: "qwen2",
    vocabSize: 257,
    hiddenSize: 8,
    intermediateSize: 8,
    numHiddenLayers: 1,
    numAttentionHeads: 1,
    numKeyValueHeads: 1,
    maxPositionEmbeddings: 16,
    ropeTheta: 10_000,
    rmsNormEps: 1e-6,
    initializerRange: 0.02,
    tieWordEmbeddings: true,
    eosTokenIds: [256],
  };
  saveModel(dir, { config, parameters: initParameters({ config, random: createRandom(0) }) });
  writeFileSync(join(dir, "tokenizer.json"), JSON.stringify(trainBpe({ texts: [], vocabSize: 256, specialTokens: ["<|endoftext|>"] })));
  await expect(loadDiffusionModel(dir)).rejects.toThrow(
    `--model must be the folder of a masked diffusion model, not of a model of type qwen2, got ${JSON.stringify(dir)}.`,
  );
});
