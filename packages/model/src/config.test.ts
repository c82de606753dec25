import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "@diffucoder/core";
import { afterAll, describe, expect, it } from "vitest";
import { MODEL_FAMILIES } from "./architectures/registry.ts";
import { AutoregressiveConfigSchema, ModelConfigSchema, readModelConfig } from "./index.ts";
import { toHuggingFaceConfig } from "./hugging-face-config.ts";
import { smallConfig } from "./small-model.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "model-config-"));
const path = join(folder, "config.json");
afterAll(() => rmSync(folder, { recursive: true }));

/** `"Dream", "qwen2" or "llama"`, and those that come after them. */
const knownTypes = [...new Set(MODEL_FAMILIES.map(({ modelType }) => `"${modelType}"`))].join(", ").replace(/, (?=[^,]*$)/, " or ");

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
      model_type: "qwen4",
      use_sliding_window: true,
      rope_scaling: { type: "dynamic", factor: 2 },
      rope_theta: undefined,
      rms_norm_eps: undefined,
      hidden_size: "big",
      vocab_size: undefined,
    };
    expect(() => read(wrong)).toThrow(
      `Invalid ${path}:
  - model_type: only ${knownTypes} is supported, got "qwen4"
  - use_sliding_window: only false is supported, got true
  - rope_scaling: only the types "linear", "llama3" and "yarn" are supported, got "dynamic"
  - rope_theta: missing
  - rms_norm_eps: missing
  - vocab_size: is missing; it must be a number
  - hidden_size: must be a number, got "big"`,
    );
  });

  it("names each field that is missing", () => {
    for (const key of Object.keys(file))
      expect(() => read({ [key]: undefined }), key).toThrow(new RegExp(`- ${key}: (missing|is missing; it must be )`));
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
  - rope_scaling.factor: must be at least 1, got 0.5
  - rope_scaling.original_max_position_embeddings: is missing; it must be a number
  - rope_scaling: Unrecognized key: "mscale"`,
    );
    expect(() => read({ rope_scaling: { factor: 2 } })).toThrow('rope_scaling: must name its type, got {"factor":2}');
    expect(() => read({ rope_scaling: "yarn" })).toThrow('rope_scaling: must be an object, got "yarn"');
  });

  it.each([
    ["partial_rotary_factor", 0.5, "partial_rotary_factor: only 1 is supported, got 0.5"],
    ["layer_types", ["full_attention", "sliding_attention"], 'layer_types: only "full_attention" is supported, got "sliding_attention" for layer 1'],
    ["layer_types", ["full_attention"], "layer_types: must name 28 layers, got 1"],
    ["layer_types", "full_attention", 'layer_types: must be a list, got "full_attention"'],
    ["use_qk_norm", true, "use_qk_norm: only false is supported, got true"],
    ["final_logit_softcapping", 30, "final_logit_softcapping: only its absence is supported, got 30"],
    ["residual_multiplier", 0.22, "residual_multiplier: only 1 is supported, got 0.22"],
    ["logits_scaling", 8, "logits_scaling: only 1 is supported, got 8"],
    ["attention_multiplier", 0.1, "attention_multiplier: only its absence is supported, got 0.1"],
    ["logit_softcapping", 30, "logit_softcapping: only its absence is supported, got 30"],
    ["rotary_percent", 0.25, "rotary_percent: only 1 is supported, got 0.25"],
    ["rope_local_base_freq", 10_000, "rope_local_base_freq: only its absence is supported, got 10000"],
    ["norm_type", "layernorm", 'norm_type: only "rms" is supported, got "layernorm"'],
    ["embedding_scale", 2, "embedding_scale: only 1 is supported, got 2"],
    ["clip_qkv", 8, "clip_qkv: only its absence is supported, got 8"],
    ["num_local_experts", 8, "num_local_experts: only false is supported, got 8"],
    ["hidden_act", "gelu", 'hidden_act: only "silu" is supported, got "gelu"'],
    ["attention_bias", false, "attention_bias: only true is supported, got false"],
    ["rope_scaling", { type: "default", partial_rotary_factor: 0.5 }, "rope_scaling.partial_rotary_factor: only 1 is supported, got 0.5"],
    ["rope_scaling", { type: "default", mrope_section: [1] }, 'rope_scaling.mrope_section: is not of the type "default"'],
    ["rope_scaling", { type: "linear", rope_type: "yarn", factor: 2 }, 'rope_scaling.type: must be the "yarn" of rope_type, got "linear"'],
    ["rope_scaling", { type: "dynamic", factor: 2 }, 'rope_scaling: only the types "linear", "llama3" and "yarn" are supported, got "dynamic"'],
    ["rope_parameters", { rope_type: "default", rope_theta: 5 }, "rope_theta: must be the 5 of rope_parameters, got 1000000"],
    ["quantization_config", "int8", 'quantization_config: only this package\'s own is supported, got "int8"'],
  ])("refuses %s of another network: %j", (key, value, problem) => {
    expect(() => read({ [key]: value })).toThrow(`Invalid ${path}:\n  - ${problem}`);
  });

  it.each([
    ["layer_types", Array.from({ length: 28 }, () => "full_attention")],
    ["partial_rotary_factor", 1],
    ["hidden_act", "swish"],
    ["attention_bias", null],
    ["clip_qkv", null],
    ["sliding_window", 131072],
    ["rope_scaling", { type: "default", factor: 1 }],
    ["quantization_config", null],
  ])("takes %s that says what this network does: %j", (key, value) => {
    expect(() => read({ [key]: value })).not.toThrow();
  });

  it.each([
    ["num_hidden_layers", 1e9, "must be at most 4096, got 1000000000"],
    ["hidden_size", 2 ** 40, "must be at most 1048576, got 1099511627776"],
    ["vocab_size", 1e15, "must be at most 4194304, got 1000000000000000"],
    ["num_attention_heads", -28, "must be greater than 0, got -28"],
    ["intermediate_size", 0.5, "must be a whole number, got 0.5"],
    ["rope_theta", 0, "must be greater than 1, got 0"],
    ["rms_norm_eps", 1e9, "must be at most 1, got 1000000000"],
    ["tie_word_embeddings", "yes", 'must be true or false, got "yes"'],
  ])("holds %s to what a model can have: %j", (key, value, problem) => {
    expect(() => read({ [key]: value })).toThrow(`- ${key}: ${problem}`);
  });

  it("reads several tokens that end a text, and writes them back", () => {
    expect(read({ eos_token_id: [151643, 151645] })).toMatchObject({ eosTokenId: 151643, eosTokenIds: [151643, 151645] });
    writeFileSync(path, JSON.stringify(toHuggingFaceConfig({ ...smallConfig, eosTokenIds: [11, 3] }, "F32")));
    expect(readModelConfig(path)).toEqual({ ...smallConfig, eosTokenIds: [11, 3] });
    expect(() => read({ eos_token_id: [151643, 152064] })).toThrow("- eos_token_id: must be below vocabSize (152064), got 152064");
    expect(() => read({ eos_token_id: [[151643]] })).toThrow("- eos_token_id: must be a number, got [151643]");
    expect(() => read({ eos_token_id: [] })).toThrow("- eos_token_id: is missing; it must be a number");
  });

  it("quotes only the beginning of what is large", () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    writeFileSync(
      path,
      JSON.stringify(file)
        .replace("{", `{"rope_scaling":${deep},"model_type":${JSON.stringify("x".repeat(100_000))},"hidden_act":${deep},`)
        .replace('"model_type":"Dream",', ""),
    );
    expect(() => readModelConfig(path)).toThrow(`- hidden_act: only "silu" is supported, got [object Array]`);
    expect(() => readModelConfig(path)).toThrow(`- model_type: only ${knownTypes} is supported, got "xxx`);
  });

  it.skipIf(process.platform === "win32")("waits for no pipe and reads no device", () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(() => readModelConfig(pipe)).toThrow(`${pipe}: not a file. It is a pipe.`);
    expect(() => readModelConfig("/dev/zero")).toThrow("/dev/zero: not a file. It is a device.");
  });

  it("says which file is missing", () => {
    expect(() => readModelConfig(join(folder, "none.json"))).toThrow(`${join(folder, "none.json")}: no such file.`);
  });
});

describe("readModelConfig of an autoregressive model", () => {
  const { mask_token_id: _mask, pad_token_id: _pad, ...sizes } = file;
  const readAr = (change: Record<string, unknown>): unknown => {
    writeFileSync(path, JSON.stringify({ ...sizes, ...change }));
    return readModelConfig(path);
  };

  it("reads Qwen2, which has biases without saying so", () => {
    const config = readAr({ model_type: "qwen2", tie_word_embeddings: true });
    expect(config).toMatchObject({ family: "qwen2", tieWordEmbeddings: true, eosTokenIds: [151643], bosTokenId: 151643 });
    expect(config).not.toHaveProperty("attentionBias");
    expect(config).not.toHaveProperty("padTokenId");
  });

  it("reads Llama, which has none, with several end tokens and the defaults of old files", () => {
    expect(readAr({ model_type: "llama", eos_token_id: [7, 8], rope_theta: undefined, num_key_value_heads: undefined })).toMatchObject({
      family: "llama",
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
    expect(() => readAr({ model_type: "llama", eos_token_id: 200_000 })).toThrow("eos_token_id: must be below vocabSize (152064), got 200000");
  });
});

describe("toHuggingFaceConfig", () => {
  it("is read back, with scaled frequencies", () => {
    const ropeScaling = { type: "yarn", factor: 4, originalMaxPositionEmbeddings: 32, betaFast: 32, betaSlow: 1 } as const;
    const { maskTokenId: _mask, padTokenId: _pad, eosTokenId: _eos, bosTokenId: _bos, ...sizes } = smallConfig;
    writeFileSync(path, JSON.stringify(toHuggingFaceConfig({ ...smallConfig, ropeScaling }, "F32")));
    expect(readModelConfig(path)).toEqual({ ...smallConfig, ropeScaling });
    const llama = parseConfig(AutoregressiveConfigSchema, { ...sizes, family: "llama", attentionBias: false, eosTokenIds: [1, 2] });
    writeFileSync(path, JSON.stringify(toHuggingFaceConfig(llama, "F16")));
    expect(readModelConfig(path)).toEqual(llama);
    const qwen2 = parseConfig(AutoregressiveConfigSchema, { ...sizes, family: "qwen2", eosTokenIds: [] });
    writeFileSync(path, JSON.stringify(toHuggingFaceConfig(qwen2, "BF16")));
    expect(readModelConfig(path)).toEqual(qwen2);
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
