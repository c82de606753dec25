// The families of small diffusion coders as their folders tell them: kind, mask token, head, blocks; and what a folder lacks.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors, writeSafetensors } from "@diffucoder/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadModel, modelTraits, readModelConfig, saveModel } from "../index.ts";

const checkpointOf = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}/checkpoint`, import.meta.url));

let folder: string;
const path = (): string => join(folder, "config.json");
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "families-"))));
afterEach(() => rmSync(folder, { recursive: true }));

type Json = Record<string, unknown>;

/** A copy of a fixture's checkpoint; `undefined` takes a key away. */
function copyOf(name: string, change: Json = {}): void {
  cpSync(checkpointOf(name), folder, { recursive: true });
  rewrite("config.json", (config) => ({ ...config, ...change }));
}

function rewrite(file: string, change: (content: Json) => Json): void {
  writeFileSync(join(folder, file), JSON.stringify(change(JSON.parse(readFileSync(join(folder, file), "utf8")) as Json)));
}

describe("a published coder's folder", () => {
  const seen = { isDiffusion: true, shift: false, attention: "full", alsoInBlocks: false };
  it.each([
    ["a2d-qwen2", { ...seen, family: "a2d-qwen2", alsoInBlocks: true, maskTokenId: 260 }, true],
    ["a2d-qwen3", { ...seen, family: "a2d-qwen3", alsoInBlocks: true, maskTokenId: 261 }, true],
    ["coda", { ...seen, family: "CoDA", shift: true, maskTokenId: 262 }, false],
    ["sdar", { ...seen, family: "sdar", attention: { blockLength: 4 }, maskTokenId: 261 }, false],
    ["fast-dllm-v2", { ...seen, family: "Fast_dLLM_Qwen", shift: true, attention: { blockLength: 8 }, maskTokenId: 260 }, true],
    ["open-dcoder", { ...seen, family: "open-dcoder", shift: true, maskTokenId: 259 }, true],
    ["stable-diffcoder", { ...seen, family: "stable-diffcoder", attention: { blockLength: 4 }, maskTokenId: 260 }, false],
  ])("says what %s is, and is the same once it is saved", async (name, traits, isTied) => {
    const { config, parameters, notices, ...loaded } = await loadModel(checkpointOf(name));
    expect(loaded).toEqual({ ...traits, parameters: undefined });
    expect([config.tieWordEmbeddings, notices]).toEqual([isTied, undefined]);
    saveModel(folder, { config, parameters });
    const again = await loadModel(folder);
    expect(again.config).toEqual(config);
    expect(Object.keys(again.parameters)).toEqual(Object.keys(parameters));
  });

  it("may hold the head a second time, which is neither an error nor another parameter", async () => {
    expect(Object.keys(readSafetensors(join(checkpointOf("a2d-qwen2"), "model.safetensors")).arrays)).toContain("lm_head.weight");
    expect(Object.keys((await loadModel(checkpointOf("a2d-qwen2"))).parameters)).not.toContain("lm_head.weight");
  });

  it("may leave out whether the head is tied: it is not", async () => {
    copyOf("a2d-qwen2", { tie_word_embeddings: undefined });
    const { config, parameters } = await loadModel(folder);
    expect([config.tieWordEmbeddings, "lm_head.weight" in parameters]).toEqual([false, true]);
  });

  it.each([{ dtype: "bfloat16" }, { torch_dtype: "bfloat16" }, {}])("may call its type by either name, or not at all: %j", async (said) => {
    copyOf("sdar", { dtype: undefined, torch_dtype: undefined, ...said });
    const file = join(folder, "model.safetensors");
    const { arrays } = readSafetensors(file);
    writeSafetensors(file, arrays, { dtype: "BF16" });
    const { parameters, notices } = await loadModel(folder);
    expect(notices).toBeUndefined();
    for (const [name, { data }] of Object.entries(arrays)) expect(parameters[name]!.data).toBeAllclose(data, { rtol: 2 ** -8 });
  });

  it("may mix types of floats, which is told", async () => {
    copyOf("sdar");
    const file = join(folder, "model.safetensors");
    const { "lm_head.weight": head, ...rest } = readSafetensors(file).arrays;
    rmSync(file);
    writeSafetensors(join(folder, "model-00001-of-00002.safetensors"), rest, { dtype: "BF16" });
    writeSafetensors(join(folder, "model-00002-of-00002.safetensors"), { "lm_head.weight": head! });
    const { parameters, notices } = await loadModel(folder);
    expect(notices).toEqual(["the files mix BF16 and F32: all are computed with as float32"]);
    expect([...parameters["lm_head.weight"]!.data]).toEqual([...head!.data]);
  });

  it("may have heads of a width of their own, where its family has them", () => {
    copyOf("sdar", { head_dim: 24 });
    expect(readModelConfig(path()).headSize).toBe(24);
    copyOf("coda", { head_dim: 16 });
    expect(() => readModelConfig(path())).toThrow(`Invalid ${path()}:\n  - head_dim: only hidden_size / num_attention_heads is supported, got 16`);
  });

  it("may say how long blocks are, or leave it to its family", () => {
    copyOf("sdar", { block_size: 16 });
    expect(modelTraits(readModelConfig(path())).attention).toEqual({ blockLength: 16 });
    copyOf("fast-dllm-v2", { bd_size: undefined });
    expect(modelTraits(readModelConfig(path())).attention).toEqual({ blockLength: 32 });
  });
});

describe("the mask token of a folder", () => {
  const noRole = (content: Json): Json => ({ ...content, mask_token: undefined });
  const maskOf = (): unknown => modelTraits(readModelConfig(path())).maskTokenId;

  it("is the one that has the role, in either file", () => {
    copyOf("a2d-qwen3");
    rewrite("tokenizer_config.json", noRole);
    expect(maskOf()).toBe(261);
  });

  it("is the family's, where an added token has no role", () => {
    copyOf("fast-dllm-v2");
    for (const file of ["tokenizer_config.json", "special_tokens_map.json"]) rewrite(file, noRole);
    expect(maskOf()).toBe(260);
  });

  it("may be in tokenizer.json alone", () => {
    copyOf("fast-dllm-v2");
    for (const file of ["added_tokens.json", "special_tokens_map.json"]) rmSync(join(folder, file));
    rewrite("tokenizer_config.json", (content) => ({ ...noRole(content), added_tokens_decoder: undefined }));
    expect(maskOf()).toBe(260);
  });

  it("must be somewhere", () => {
    copyOf("sdar");
    for (const file of ["added_tokens.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"]) rmSync(join(folder, file));
    expect(() => readModelConfig(path())).toThrow(
      "  - mask_token_id: missing, and the tokenizer's files (tokenizer_config.json, special_tokens_map.json, added_tokens.json) name no mask token",
    );
  });
});

describe("the family of a folder", () => {
  it("can be chosen where the folder does not tell: a Qwen2 is autoregressive or Open-dCoder", () => {
    copyOf("open-dcoder");
    expect(modelTraits(readModelConfig(path(), { family: "qwen2" })).isDiffusion).toBe(false);
    copyOf("open-dcoder");
    for (const file of ["tokenizer_config.json", "special_tokens_map.json"]) rewrite(file, (content) => ({ ...content, mask_token: undefined }));
    rewrite("added_tokens.json", () => ({}));
    rewrite("tokenizer_config.json", (content) => ({ ...content, added_tokens_decoder: undefined }));
    rewrite("tokenizer.json", () => ({ added_tokens: [] }));
    expect(modelTraits(readModelConfig(path())).family).toBe("qwen2");
    expect(() => readModelConfig(path(), { family: "open-dcoder" })).toThrow("  - mask_token_id: missing, and the tokenizer's files");
  });

  it("cannot be chosen against what the folder says", () => {
    copyOf("sdar");
    expect(() => readModelConfig(path(), { family: "qwen2" })).toThrow(
      `family must be "sdar" for ${path()}, whose model_type is "sdar", got "qwen2".`,
    );
  });

  it("that is not known is named, with what is missing", () => {
    copyOf("sdar", { model_type: "rnd1", architectures: ["RND1LM"], auto_map: { AutoModel: "modeling_rnd1.RND1LM" } });
    expect(() => readModelConfig(path())).toThrow(
      /model_type: only "Dream".*is supported, got "rnd1", which needs its own code "modeling_rnd1\.RND1LM"/,
    );
    copyOf("sdar", { model_type: "rnd1", architectures: ["RND1LM"], auto_map: undefined });
    expect(() => readModelConfig(path())).toThrow(/got "rnd1", which needs the class "RND1LM"/);
  });

  it("of a known type with code of its own is not taken for the known one", () => {
    copyOf("stable-diffcoder", { architectures: ["OtherForCausalLM"], auto_map: { AutoModelForCausalLM: "modeling_other.OtherForCausalLM" } });
    expect(() => readModelConfig(path())).toThrow(
      `Invalid ${path()}:\n  - auto_map: needs its own code "modeling_other.OtherForCausalLM", which is not run (trust_remote_code); of "llama", "LlamaForCausalLM" and "StableDiffcoderForCausalLM" are built in`,
    );
  });
});

describe("a Qwen3", () => {
  it("is read as an autoregressive model", async () => {
    const { mask_token_id: _mask, ...qwen3 } = {
      model_type: "qwen3",
      architectures: ["Qwen3ForCausalLM"],
      auto_map: undefined,
      mask_token_id: undefined,
    };
    copyOf("a2d-qwen3", qwen3);
    const { config, ...traits } = await loadModel(folder);
    expect(traits).toMatchObject({ family: "qwen3", isDiffusion: false, shift: true, attention: "causal", maskTokenId: undefined });
    expect(config).toMatchObject({ headSize: 16, queryKeyNorm: true, attentionBias: false, eosTokenIds: [258] });
  });
});
