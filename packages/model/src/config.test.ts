import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "@diffucoder/core";
import { afterAll, describe, expect, it } from "vitest";
import { ModelConfigSchema, readModelConfig } from "./index.ts";
import { smallConfig } from "./small-model.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "model-config-"));
const path = join(folder, "config.json");
afterAll(() => rmSync(folder, { recursive: true }));

const file = {
  model_type: "Dream",
  vocab_size: 152064,
  hidden_size: 3584,
  intermediate_size: 18944,
  num_hidden_layers: 28,
  num_attention_heads: 28,
  num_key_value_heads: 4,
  max_position_embeddings: 131072,
  rope_theta: 1e6,
  rms_norm_eps: 1e-6,
  mask_token_id: 151666,
  pad_token_id: 151643,
  eos_token_id: 151643,
  bos_token_id: 151643,
};

const read = (change: Record<string, unknown>): unknown => {
  writeFileSync(path, JSON.stringify({ ...file, ...change }));
  return readModelConfig(path);
};

describe("readModelConfig", () => {
  it("reads Hugging Face's names, and ignores keys that are not the transformer's", () => {
    expect(read({ initializer_range: 0.01, transformers_version: "4.46.2", hidden_act: "silu", rope_scaling: null })).toEqual({
      vocabSize: 152064,
      hiddenSize: 3584,
      intermediateSize: 18944,
      numHiddenLayers: 28,
      numAttentionHeads: 28,
      numKeyValueHeads: 4,
      maxPositionEmbeddings: 131072,
      ropeTheta: 1e6,
      rmsNormEps: 1e-6,
      initializerRange: 0.01,
      tieWordEmbeddings: false,
      maskTokenId: 151666,
      padTokenId: 151643,
      eosTokenId: 151643,
      bosTokenId: 151643,
    });
  });

  it("reports all that is wrong at once, by the names in the file", () => {
    const wrong = { model_type: "llama", rope_scaling: { type: "yarn" }, rope_theta: undefined, hidden_size: "big", vocab_size: undefined };
    expect(() => read(wrong)).toThrow(
      `${path} is not valid:
  - model_type: only "Dream" is supported, got "llama"
  - rope_scaling: only null is supported, got {"type":"yarn"}
  - rope_theta: missing
  - vocab_size: Invalid input: expected number, received undefined
  - hidden_size: Invalid input: expected number, received string`,
    );
  });

  it("says which file is missing", () => {
    expect(() => readModelConfig(join(folder, "none.json"))).toThrow(`${join(folder, "none.json")}: no such file.`);
  });
});

describe("ModelConfigSchema", () => {
  it("rejects heads that do not divide and ids outside the vocabulary, together", () => {
    expect(() => parseConfig(ModelConfigSchema, { ...smallConfig, hiddenSize: 12, numKeyValueHeads: 3, maskTokenId: 13 })).toThrow(
      `config is not valid:
  - hiddenSize: must be a multiple of twice the 4 attention heads, got 12
  - numKeyValueHeads: must divide the 4 attention heads, got 3
  - maskTokenId: must be below vocabSize (13), got 13`,
    );
  });

  it("rejects keys that it does not know", () => {
    expect(() => parseConfig(ModelConfigSchema, { ...smallConfig, numHeads: 4 })).toThrow('Unrecognized key: "numHeads"');
  });
});
