import { createRandom } from "@diffucoder/core";
import {
  compile,
  float32,
  int32,
  type NdArray,
  openSafetensors,
  readSafetensors,
  sum,
  type Tensor,
  valueAndGradient,
  writeSafetensors,
} from "@diffucoder/tensor";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ModelConfig } from "../config.ts";
import { forward } from "../forward.ts";
import { initParameters } from "../parameters.ts";
import { loadAdapter, saveAdapter } from "./adapter-files.ts";
import { frozenParameters, initLora, linearLayers, type LoraAdapter, type LoraSettings, loraShapes, mergeAdapter, withAdapter } from "./lora.ts";

const config: ModelConfig = {
  vocabSize: 12,
  hiddenSize: 8,
  intermediateSize: 6,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  numKeyValueHeads: 1,
  maxPositionEmbeddings: 16,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  initializerRange: 0.5,
  tieWordEmbeddings: false,
  maskTokenId: 11,
  padTokenId: 0,
  eosTokenId: 0,
  bosTokenId: 0,
};
const settings: LoraSettings = { r: 2, loraAlpha: 6, loraDropout: 0, targetModules: "all-linear", useRslora: false };
const base = initParameters({ config, random: createRandom(1) });
/** An adapter that changes something: its B matrices are not zero. */
const trained = (more: Partial<LoraSettings> = {}): LoraAdapter => {
  const adapter = initLora({ config, settings: { ...settings, ...more }, random: createRandom(2) });
  for (const [name, { data }] of Object.entries(adapter.parameters))
    if (name.endsWith("lora_B.weight"))
      createRandom(3)
        .split(name)
        .fillNormal(data as Float32Array);
  return adapter;
};
const inputIds = int32([1, 5, 11, 3, 2, 11, 7, 7], [2, 4]);
const logits = compile((parameters: Record<string, Tensor>, ids: Tensor) => ({ all: forward(config, parameters, { inputIds: ids }) }));
const logitsOf = async (parameters: Record<string, NdArray>): Promise<number[]> => Array.from((await logits(parameters, inputIds)).all.data);
const folder = mkdtempSync(join(tmpdir(), "lora-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
  logits.dispose();
});

describe("initLora", () => {
  it("starts as the base model: B is zero, A is uniform in +-1 / sqrt(in)", async () => {
    const adapter = initLora({ config, settings, random: createRandom(2) });
    expect(await logitsOf(withAdapter(base, adapter))).toEqual(await logitsOf(base));
    const a = Array.from(adapter.parameters["model.layers.0.mlp.down_proj.lora_A.weight"]!.data);
    expect(Math.max(...a.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(6));
    expect(new Set(a).size).toBe(12);
  });

  it("adapts the layers that are named, and says which there are if one is not there", () => {
    const names = Object.keys(loraShapes(config, { r: 2, targetModules: ["v_proj", "lm_head"] }));
    expect(names).toEqual([
      ...[0, 1].flatMap((layer) => ["A", "B"].map((matrix) => `model.layers.${layer}.self_attn.v_proj.lora_${matrix}.weight`)),
      "lm_head.lora_A.weight",
      "lm_head.lora_B.weight",
    ]);
    expect(Object.keys(loraShapes(config, settings))).toHaveLength(2 * 2 * 7); // seven layers in each of two
    expect(() => loraShapes(config, { r: 2, targetModules: ["q_proj", "c_attn"] })).toThrow(
      'targetModules must be linear layers of the model: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, lm_head, got "c_attn".',
    );
    expect(linearLayers({ ...config, tieWordEmbeddings: true }).has("lm_head")).toBe(false);
  });
});

describe("a model with an adapter", () => {
  it("has the logits of the merged model, W + (alpha / r) B A", async () => {
    for (const more of [{}, { useRslora: true }, { targetModules: ["q_proj", "lm_head"] }]) {
      const adapter = trained(more);
      const merged = mergeAdapter(base, adapter);
      expect(await logitsOf(withAdapter(base, adapter))).toBeAllclose(await logitsOf(merged), { rtol: 1e-4, atol: 1e-4 });
    }
  });

  it("by hand: one weight of a merged layer", () => {
    const adapter = trained();
    const path = "model.layers.1.self_attn.k_proj";
    const [a, b] = ["A", "B"].map((matrix) => adapter.parameters[`${path}.lora_${matrix}.weight`]!.data);
    const product = b![2 * 3]! * a![5]! + b![2 * 3 + 1]! * a![8 + 5]!; // row 3 of B [4, 2] with column 5 of A [2, 8]
    expect(mergeAdapter(base, adapter)[`${path}.weight`]!.data[8 * 3 + 5]).toBeCloseTo(base[`${path}.weight`]!.data[8 * 3 + 5]! + 3 * product, 5);
    expect(mergeAdapter(base, adapter)["model.norm.weight"]).toBe(base["model.norm.weight"]);
  });

  it("is trained through A and B alone", async () => {
    const adapter = initLora({ config, settings, random: createRandom(2) });
    const gradient = compile((own: Record<string, Tensor>, frozen: Record<string, Tensor>) => {
      const result = valueAndGradient((p: Record<string, Tensor>) => sum(forward(config, { ...frozen, ...p }, { inputIds: inputIds as never })), own);
      return { gradient: result.gradient };
    });
    const { gradient: of } = await gradient(adapter.parameters, frozenParameters(base, adapter));
    expect(Object.keys(of)).toEqual(Object.keys(adapter.parameters));
    const isZero = (name: string): boolean => of[name]!.data.every((value) => value === 0);
    expect(isZero("model.layers.0.mlp.up_proj.lora_B.weight")).toBe(false);
    expect(isZero("model.layers.0.mlp.up_proj.lora_A.weight")).toBe(true); // as long as B is zero
    gradient.dispose();
  });
});

describe("adapter files", () => {
  const save = (adapter = trained()): void => saveAdapter(folder, { ...adapter, base: "owner/name" });
  const weights = join(folder, "adapter_model.safetensors");
  const change = (edit: (arrays: Record<string, NdArray>) => void): void => {
    save();
    const { arrays } = readSafetensors(weights);
    edit(arrays);
    writeSafetensors(weights, arrays);
  };
  const configOf = (): Record<string, unknown> => JSON.parse(readFileSync(join(folder, "adapter_config.json"), "utf8")) as Record<string, unknown>;

  it("are PEFT's, and are read as they were written", () => {
    const adapter = trained({ targetModules: ["q_proj"] });
    save(adapter);
    expect(configOf()).toMatchObject({ peft_type: "LORA", r: 2, lora_alpha: 6, target_modules: ["q_proj"], base_model_name_or_path: "owner/name" });
    const file = openSafetensors(weights);
    expect([...file.entries.keys()][0]).toBe("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight");
    file.close();
    const again = loadAdapter(folder, config);
    expect(again.settings).toEqual(adapter.settings);
    expect(Object.entries(again.parameters).map(([name, { data }]) => [name, [...data]])).toEqual(
      Object.entries(adapter.parameters).map(([name, { data }]) => [name, [...data]]),
    );
  });

  it.each<[string, (arrays: Record<string, NdArray>) => void, string]>([
    [
      "another size",
      (arrays) => (arrays["base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"] = float32(new Float32Array(6), [2, 3])),
      'does not fit the model: "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight" is [2, 3], expected [2, 8]',
    ],
    [
      "a layer too many",
      (arrays) => (arrays["base_model.model.model.layers.7.self_attn.q_proj.lora_A.weight"] = float32(new Float32Array(6), [2, 3])),
      'does not fit the model: "base_model.model.model.layers.7.self_attn.q_proj.lora_A.weight" adapts a layer that the model does not have',
    ],
    [
      "half of a pair",
      (arrays) => void delete arrays["base_model.model.model.layers.1.mlp.up_proj.lora_B.weight"],
      'holds "base_model.model.model.layers.1.mlp.up_proj.lora_A.weight" without the other matrix of its layer',
    ],
    [
      "another tensor",
      (arrays) => (arrays["base_model.model.lm_head.weight"] = float32(new Float32Array(2), [1, 2])),
      'holds "base_model.model.lm_head.weight", which is not a matrix of a LoRA adapter of linear layers',
    ],
  ])("with %s do not fit, and say where", (_, edit, problem) => {
    change(edit);
    expect(() => loadAdapter(folder, config)).toThrow(`${weights}: ${problem}. Give the model that the adapter was trained on.`);
  });

  it("that ask for what is not done here are refused by the setting", () => {
    save();
    const path = join(folder, "adapter_config.json");
    const original = configOf();
    const refusal = (more: object, problem: string): void => {
      writeFileSync(path, JSON.stringify({ ...original, ...more }));
      expect(() => loadAdapter(folder, config)).toThrow(`${path}: ${problem}`);
    };
    refusal({ use_dora: true }, "use_dora is not supported.");
    refusal({ modules_to_save: ["lm_head"] }, "modules_to_save is not supported.");
    refusal({ bias: "all" }, 'bias: only "none" is supported.');
    refusal({ peft_type: "IA3" }, 'peft_type: must be "LORA", got "IA3".');
  });
});
