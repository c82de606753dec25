import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "@diffucoder/core";
import { afterAll, describe, expect, it } from "vitest";
import { AutoregressiveConfigSchema, ModelConfigSchema, readAutoregressiveConfig, readModelConfig } from "./index.ts";
import { toHuggingFaceConfig } from "./hugging-face-config.ts";
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
    const wrong = {
      model_type: "qwen3",
      use_sliding_window: true,
      rope_scaling: { type: "dynamic", factor: 2 },
      rope_theta: undefined,
      rms_norm_eps: undefined,
      hidden_size: "big",
      vocab_size: undefined,
    };
    expect(() => read(wrong)).toThrow(
      `Invalid ${path}:
  - model_type: only "Dream" is supported here, got "qwen3"
  - use_sliding_window: only false is supported, got true
  - rope_scaling: only the types "linear", "llama3" and "yarn" are supported, got "dynamic"
  - rope_theta: missing
  - rms_norm_eps: missing
  - vocab_size: Invalid input: expected number, received undefined
  - hidden_size: Invalid input: expected number, received string`,
    );
  });

  it("names each field that is missing", () => {
    for (const key of Object.keys(file)) expect(() => read({ [key]: undefined }), key).toThrow(new RegExp(`- ${key}: (missing|Invalid input)`));
  });

  it("reads scaled rotary frequencies, in the form of old and new files", () => {
    const want = { type: "yarn", factor: 4, originalMaxPositionEmbeddings: 32768, betaFast: 32, betaSlow: 1 };
    const given = { factor: 4, original_max_position_embeddings: 32768 };
    expect(read({ rope_scaling: { type: "yarn", ...given } })).toMatchObject({ ropeTheta: 1e6, ropeScaling: want });
    expect(read({ rope_theta: undefined, rope_parameters: { rope_type: "yarn", rope_theta: 5e5, ...given } })).toMatchObject({
      ropeTheta: 5e5,
      ropeScaling: want,
    });
    expect(read({ rope_theta: undefined, rope_parameters: { rope_type: "default", rope_theta: 5e5 } })).toMatchObject({ ropeTheta: 5e5 });
    expect(() => read({ rope_scaling: { type: "yarn", factor: 0.5, mscale: 1 } })).toThrow(
      `Invalid ${path}:
  - rope_scaling.factor: Too small: expected number to be >=1
  - rope_scaling.original_max_position_embeddings: Invalid input: expected number, received undefined
  - rope_scaling: Unrecognized key: "mscale"`,
    );
    expect(() => read({ rope_scaling: { factor: 2 } })).toThrow('rope_scaling: must name its type, got {"factor":2}');
    expect(() => read({ rope_scaling: "yarn" })).toThrow('rope_scaling: must be an object, got "yarn"');
  });

  it("says which file is missing", () => {
    expect(() => readModelConfig(join(folder, "none.json"))).toThrow(`${join(folder, "none.json")}: no such file.`);
  });
});

describe("readAutoregressiveConfig", () => {
  const { mask_token_id: _mask, pad_token_id: _pad, ...sizes } = file;
  const readAr = (change: Record<string, unknown>): unknown => {
    writeFileSync(path, JSON.stringify({ ...sizes, ...change }));
    return readAutoregressiveConfig(path);
  };

  it("reads Qwen2, which has biases without saying so", () => {
    const config = readAr({ model_type: "qwen2", tie_word_embeddings: true });
    expect(config).toMatchObject({ modelType: "qwen2", tieWordEmbeddings: true, eosTokenIds: [151643], bosTokenId: 151643 });
    expect(config).not.toHaveProperty("attentionBias");
    expect(config).not.toHaveProperty("padTokenId");
  });

  it("reads Llama, which has none, with several end tokens and the defaults of old files", () => {
    expect(readAr({ model_type: "llama", eos_token_id: [7, 8], rope_theta: undefined, num_key_value_heads: undefined })).toMatchObject({
      modelType: "llama",
      attentionBias: false,
      eosTokenIds: [7, 8],
      ropeTheta: 10_000,
      numKeyValueHeads: 28,
    });
  });

  it("refuses what the network here does not do", () => {
    expect(() => readAr({ model_type: "llama", attention_bias: true, mlp_bias: true, head_dim: 64, hidden_act: "gelu" })).toThrow(
      `Invalid ${path}:
  - hidden_act: only "silu" is supported, got "gelu"
  - mlp_bias: only false is supported, got true
  - attention_bias: only false is supported, got true
  - head_dim: only hidden_size / num_attention_heads is supported, got 64`,
    );
    expect(() => readAr({ model_type: "Dream" })).toThrow('model_type: only "qwen2" or "llama" is supported here, got "Dream"');
    expect(() => readAr({ model_type: "llama", eos_token_id: 200_000 })).toThrow("eos_token_id: must be below vocabSize (152064), got 200000");
  });
});

describe("toHuggingFaceConfig", () => {
  it("is read back, with scaled frequencies", () => {
    const ropeScaling = { type: "yarn", factor: 4, originalMaxPositionEmbeddings: 32, betaFast: 32, betaSlow: 1 } as const;
    const { maskTokenId: _mask, padTokenId: _pad, eosTokenId: _eos, bosTokenId: _bos, ...sizes } = smallConfig;
    writeFileSync(path, JSON.stringify(toHuggingFaceConfig({ ...smallConfig, ropeScaling }, "F32")));
    expect(readModelConfig(path)).toEqual({ ...smallConfig, ropeScaling });
    const llama = parseConfig(AutoregressiveConfigSchema, { ...sizes, modelType: "llama", attentionBias: false, eosTokenIds: [1, 2] });
    writeFileSync(path, JSON.stringify(toHuggingFaceConfig(llama, "F16")));
    expect(readAutoregressiveConfig(path)).toEqual(llama);
    const qwen2 = parseConfig(AutoregressiveConfigSchema, { ...sizes, modelType: "qwen2", eosTokenIds: [] });
    writeFileSync(path, JSON.stringify(toHuggingFaceConfig(qwen2, "BF16")));
    expect(readAutoregressiveConfig(path)).toEqual(qwen2);
  });

  it("does not write biases that the architecture has not", () => {
    expect(() => toHuggingFaceConfig({ ...smallConfig, attentionBias: false }, "F32")).toThrow(
      "config.attentionBias must be true or absent for a Dream model, got false.",
    );
  });
});

describe("ModelConfigSchema", () => {
  it("rejects heads that do not divide and ids outside the vocabulary, together", () => {
    expect(() => parseConfig(ModelConfigSchema, { ...smallConfig, hiddenSize: 12, numKeyValueHeads: 3, maskTokenId: 13 })).toThrow(
      `Invalid config:
  - hiddenSize: must be a multiple of twice the 4 attention heads, got 12
  - numKeyValueHeads: must divide the 4 attention heads, got 3
  - maskTokenId: must be below vocabSize (13), got 13`,
    );
  });

  it("rejects keys that it does not know", () => {
    expect(() => parseConfig(ModelConfigSchema, { ...smallConfig, numHeads: 4 })).toThrow('Unrecognized key: "numHeads"');
  });
});
