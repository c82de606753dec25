import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ModelParameters } from "@diffucoder/diffusion";
import { float32, int32, type NdArray, readSafetensors, writeSafetensors } from "@diffucoder/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadModel, loadQuantizedModel, openCheckpoint, parameterCount, parameterShapes, quantizeParameters, saveModel } from "./index.ts";
import { smallConfig, smallParameters } from "./small-model.fixture.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const valuesOf = (parameters: ModelParameters): Record<string, number[]> =>
  Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, [...data]]));

/** Splits the saved model into two shards with an index, as Hugging Face does. */
function shard(change: (weightMap: Record<string, string>) => void = () => {}): void {
  const { arrays } = readSafetensors(join(folder, "model.safetensors"));
  rmSync(join(folder, "model.safetensors"));
  const weightMap: Record<string, string> = {};
  const shards: Record<string, Record<string, NdArray>> = { "model-00001-of-00002.safetensors": {}, "model-00002-of-00002.safetensors": {} };
  Object.entries(arrays).forEach(([name, array], i) => {
    const file = Object.keys(shards)[i % 2] as string;
    weightMap[name] = file;
    (shards[file] as Record<string, NdArray>)[name] = array;
  });
  for (const [file, part] of Object.entries(shards)) writeSafetensors(join(folder, file), part);
  change(weightMap);
  writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ metadata: {}, weight_map: weightMap }));
}

describe("saveModel and loadModel", () => {
  it("give back the same config and the same weights", () => {
    const parameters = smallParameters();
    saveModel(folder, { config: smallConfig, parameters });
    const loaded = loadModel(folder);
    expect(loaded.config).toEqual(smallConfig);
    expect(valuesOf(loaded.parameters)).toEqual(valuesOf(parameters));
  });

  it("round weights to bfloat16 once", () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters(), dtype: "BF16" });
    const { parameters } = loadModel(folder);
    const first = valuesOf(parameters);
    for (const [name, { data }] of Object.entries(smallParameters())) expect(first[name]).toBeAllclose(data, { rtol: 2 ** -8, atol: 1e-30 });
    saveModel(folder, { config: smallConfig, parameters, dtype: "BF16" });
    expect(valuesOf(loadModel(folder).parameters)).toEqual(first);
  });

  it("write what Hugging Face's loader looks for", () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters(), dtype: "BF16" });
    expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8"))).toMatchObject({
      model_type: "Dream",
      torch_dtype: "bfloat16",
      hidden_size: 16,
      mask_token_id: 12,
    });
    expect(readSafetensors(join(folder, "model.safetensors")).metadata).toEqual({ format: "pt" });
  });

  it("read the reference's own checkpoint", () => {
    const { config, parameters } = loadModel(fileURLToPath(new URL("../fixtures/dream-f32/checkpoint", import.meta.url)));
    expect(config.numKeyValueHeads).toBe(2);
    expect(Object.keys(parameters)).toHaveLength(3 * 12 + 3);
  });

  it("read shards, in the order of a new model's parameters", () => {
    const parameters = smallParameters();
    saveModel(folder, { config: smallConfig, parameters });
    shard();
    const loaded = loadModel(folder).parameters;
    expect(valuesOf(loaded)).toEqual(valuesOf(parameters));
    expect(Object.keys(loaded)).toEqual(Object.keys(parameters));
  });
});

describe("saveModel", () => {
  it("cuts a large model into shards that are read back, and replaces what was there", () => {
    const parameters = smallParameters();
    saveModel(folder, { config: smallConfig, parameters });
    saveModel(folder, { config: smallConfig, parameters, maxShardBytes: 4000 });
    const files = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
    expect(files.length).toBeGreaterThan(2);
    expect(files).not.toContain("model.safetensors");
    const index = JSON.parse(readFileSync(join(folder, "model.safetensors.index.json"), "utf8"));
    expect(index.metadata.total_size).toBe(4 * parameterCount(smallConfig));
    expect(Object.keys(index.weight_map)).toEqual(Object.keys(parameters));
    expect(files).toEqual([...new Set(Object.values(index.weight_map))]);
    expect(valuesOf(loadModel(folder).parameters)).toEqual(valuesOf(parameters));
    const other = smallParameters(smallConfig, 2);
    saveModel(folder, { config: smallConfig, parameters: other });
    expect(valuesOf(loadModel(folder).parameters)).toEqual(valuesOf(other));
  });

  it("reads back the same model from every dtype and cut", () => {
    const exact = Object.fromEntries(
      Object.entries(smallParameters()).map(([name, { data, shape }]) => [
        name,
        float32(
          Array.from(data, (x) => Math.round(x * 64) / 64),
          shape,
        ),
      ]),
    );
    for (const dtype of ["F32", "F16", "BF16"] as const) {
      for (const maxShardBytes of [1000, 5000, 1e9]) {
        saveModel(folder, { config: smallConfig, parameters: exact, dtype, maxShardBytes });
        // A number of up to 3 bits before the point and 6 behind fits in binary16; bfloat16 rounds it to 8 bits.
        const loaded = loadModel(folder).parameters;
        for (const [name, { data }] of Object.entries(exact)) expect(loaded[name]?.data).toBeAllclose(data, { rtol: dtype === "BF16" ? 2 ** -8 : 0 });
      }
    }
  });

  it("leaves out the head that is tied, and reads files that have it twice", () => {
    const tied = { ...smallConfig, tieWordEmbeddings: true };
    const parameters = smallParameters(tied);
    expect(parameters).not.toHaveProperty(["lm_head.weight"]);
    saveModel(folder, { config: tied, parameters });
    const extra = {
      ...parameters,
      "lm_head.weight": parameters["model.embed_tokens.weight"] as NdArray,
      "model.layers.0.self_attn.rotary_emb.inv_freq": float32([1]),
    };
    writeSafetensors(join(folder, "model.safetensors"), extra);
    expect(valuesOf(loadModel(folder).parameters)).toEqual(valuesOf(parameters));
  });
});

describe("a quantized checkpoint", () => {
  const wide = { ...smallConfig, hiddenSize: 32, intermediateSize: 64 };

  it.each(["int8", "int4"] as const)("is made while reading, and is saved and read as it is: %s", async (method) => {
    for (const config of [wide, { ...wide, tieWordEmbeddings: true }]) {
      const parameters = smallParameters(config);
      saveModel(folder, { config, parameters, maxShardBytes: 20_000 });
      const quantized = await loadQuantizedModel(folder, method);
      expect(quantized.quantization).toBe(method);
      expect(quantized.parameters).toEqual(await quantizeParameters({ config, parameters, method }));

      saveModel(folder, { ...quantized, maxShardBytes: 5000 });
      expect(loadModel(folder)).toEqual(quantized);
      expect(await loadQuantizedModel(folder, method)).toEqual(quantized);
      const other = method === "int8" ? "int4" : "int8";
      await expect(loadQuantizedModel(folder, other)).rejects.toThrow(
        `quantize must be "${method}" or absent, for ${folder} is quantized already, got "${other}".`,
      );
    }
  });

  it("says in config.json that it is no float checkpoint", async () => {
    saveModel(folder, { config: wide, parameters: smallParameters(wide) });
    saveModel(folder, await loadQuantizedModel(folder, "int8"));
    const file = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    expect(file.quantization_config).toEqual({ quant_method: "diffucoder-int8" });
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ...file, quantization_config: { quant_method: "gptq" } }));
    expect(() => loadModel(folder)).toThrow('quantization_config: only this package\'s own is supported, got "gptq"');
  });

  it("is held to its config", async () => {
    saveModel(folder, { config: wide, parameters: smallParameters(wide) });
    const { parameters } = await loadQuantizedModel(folder, "int8");
    const { "lm_head.weight.scales": _, ...rest } = parameters;
    writeSafetensors(join(folder, "model.safetensors"), { ...rest, "model.norm.weight": int32(new Int32Array(32)) });
    expect(() => loadModel(folder)).toThrow(
      `${folder} does not hold the parameters that its config.json describes:
  - model.norm.weight: of dtype I32, expected floats
  - lm_head.weight.scales: missing`,
    );
    await expect(loadQuantizedModel(folder, "int2" as "int4")).rejects.toThrow('quantize must be "int8" or "int4", got "int2".');
  });
});

describe("openCheckpoint", () => {
  it("checks everything and reads nothing", () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters(), maxShardBytes: 2000 });
    const checkpoint = openCheckpoint(folder, smallConfig);
    expect(checkpoint.names).toEqual(Object.keys(parameterShapes(smallConfig)));
    expect(checkpoint.read("model.norm.weight")).toEqual(smallParameters()["model.norm.weight"]);
    expect(() => checkpoint.read("lm_head.bias")).toThrow(`${folder}: holds no parameter "lm_head.bias".`);
    checkpoint.close();
  });
});

describe("a checkpoint that is not right", () => {
  it("gives one error with everything that is missing, unexpected or of the wrong shape", () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    const { "model.norm.weight": _, ...rest } = smallParameters();
    writeSafetensors(join(folder, "model.safetensors"), { ...rest, "lm_head.weight": float32([1, 2], [1, 2]), "rotary.inv_freq": float32([1]) });
    expect(() => loadModel(folder)).toThrow(
      `${folder} does not hold the parameters that its config.json describes:
  - model.norm.weight: missing
  - lm_head.weight: shape [1, 2], expected [13, 16]
  - rotary.inv_freq: unexpected`,
    );
  });

  it("is not written either", () => {
    expect(() => saveModel(folder, { config: smallConfig, parameters: {} })).toThrow("model.embed_tokens.weight: missing");
  });

  it("names the file that is missing or cut off", () => {
    expect(() => loadModel(folder)).toThrow(`${join(folder, "config.json")}: no such file.`);
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    truncateSync(join(folder, "model.safetensors"), 5000);
    expect(() => loadModel(folder)).toThrow(`${join(folder, "model.safetensors")}: truncated`);
    rmSync(join(folder, "model.safetensors"));
    expect(() => loadModel(folder)).toThrow(`${join(folder, "model.safetensors")}: no such file.`);
  });

  it("names the shard that is missing, repeated, or outside of the folder", () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    shard();
    cpSync(join(folder, "model-00001-of-00002.safetensors"), join(folder, "model-00002-of-00002.safetensors"));
    expect(() => loadModel(folder)).toThrow("model-00002-of-00002.safetensors: holds model.embed_tokens.weight, which another shard holds as well.");
    rmSync(join(folder, "model-00002-of-00002.safetensors"));
    expect(() => loadModel(folder)).toThrow("model-00002-of-00002.safetensors: no such file.");
    writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: { x: "../x.safetensors" } }));
    expect(() => loadModel(folder)).toThrow(`${folder}: names the file "../x.safetensors", expected one in the same folder.`);
    writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: ["x"] }));
    expect(() => loadModel(folder)).toThrow("model.safetensors.index.json: weight_map must map parameter names to file names.");
  });

  it("names the first number that is not finite", () => {
    const parameters = smallParameters();
    const norm = parameters["model.norm.weight"] as NdArray;
    saveModel(folder, {
      config: smallConfig,
      parameters: { ...parameters, "model.norm.weight": float32(new Float32Array(norm.size).fill(Number.NaN)) },
    });
    expect(() => loadModel(folder)).toThrow(
      `${join(folder, "model.safetensors")}: tensor "model.norm.weight" holds NaN at element 0. The weights were damaged, or saved after training diverged.`,
    );
  });

  it("is not read through a link out of the folder", () => {
    const [model, elsewhere] = [join(folder, "model"), join(folder, "elsewhere")];
    saveModel(model, { config: smallConfig, parameters: smallParameters() });
    saveModel(elsewhere, { config: smallConfig, parameters: smallParameters() });
    for (const name of ["model.safetensors", "config.json"]) {
      rmSync(join(model, name));
      symlinkSync(join(elsewhere, name), join(model, name));
      expect(() => loadModel(model)).toThrow(`${join(model, name)}: is a link out of its folder, to ${join(elsewhere, name)}.`);
    }
  });

  it("of pickles is refused, as a file and as a folder of them", () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    rmSync(join(folder, "model.safetensors"));
    writeFileSync(join(folder, "pytorch_model.bin"), "PK");
    expect(() => loadModel(folder)).toThrow(
      `${folder}: holds no safetensors but the pickle pytorch_model.bin. Pickles can run code and are not read: save the model again with safe_serialization=True.`,
    );
  });
});

describe("a head beside an embedding that it should be tied to", () => {
  const tied = { ...smallConfig, tieWordEmbeddings: true };
  const head = smallParameters(smallConfig, 3)["lm_head.weight"] as NdArray;

  it("is used if it differs, with a word, as floats and quantized", async () => {
    saveModel(folder, { config: tied, parameters: smallParameters(tied) });
    writeSafetensors(join(folder, "model.safetensors"), { ...smallParameters(tied), "lm_head.weight": head });
    const loaded = loadModel(folder);
    expect(loaded.config).toEqual(smallConfig);
    expect(loaded.parameters["lm_head.weight"]).toEqual(head);
    expect(loaded.notices).toEqual([
      "config.json ties the head to the embedding, but lm_head.weight holds other numbers: the head of the file is used, and the two are not tied",
    ]);
    const quantized = await loadQuantizedModel(folder, "int8");
    expect(quantized.config).toEqual(smallConfig);
    expect(quantized.parameters).toEqual(await quantizeParameters({ config: smallConfig, parameters: loaded.parameters, method: "int8" }));
    expect(quantized.notices).toEqual(loaded.notices);
    saveModel(folder, loaded);
    expect(loadModel(folder)).toEqual({ config: smallConfig, parameters: loaded.parameters });
  });

  it("is left out without a word if it is the same, and must be a head", () => {
    const parameters = smallParameters(tied);
    saveModel(folder, { config: tied, parameters });
    writeSafetensors(join(folder, "model.safetensors"), { ...parameters, "lm_head.weight": parameters["model.embed_tokens.weight"] as NdArray });
    expect(loadModel(folder)).toEqual({ config: tied, parameters });
    writeSafetensors(join(folder, "model.safetensors"), { ...parameters, "lm_head.weight": float32([1, 2], [1, 2]) });
    expect(() => loadModel(folder)).toThrow("  - lm_head.weight: shape [1, 2], expected [13, 16]");
  });
});

describe("names that a wrapper changed", () => {
  const renamed = (rename: (name: string) => string): void =>
    writeSafetensors(
      join(folder, "model.safetensors"),
      Object.fromEntries(Object.entries(smallParameters()).map(([name, array]) => [rename(name), array])),
    );

  it.each([
    ["_orig_mod.", (name: string) => `_orig_mod.${name}`, ", as torch.compile saves it"],
    ["module.", (name: string) => `module.${name}`, ", as DataParallel saves it"],
    ["module._orig_mod.", (name: string) => `module._orig_mod.${name}`, ", as DataParallel saves it"],
    ["no model.", (name: string) => name.replace(/^model\./, ""), ""],
    ["base_model.model.", (name: string) => `base_model.model.${name}`, ""],
  ])("are read as the plain ones: %s", (_, rename, why) => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    renamed(rename);
    const loaded = loadModel(folder);
    expect(valuesOf(loaded.parameters)).toEqual(valuesOf(smallParameters()));
    const first = "model.embed_tokens.weight";
    expect(loaded.notices).toEqual([`the file calls ${first} ${rename(first)}${why}: such names were read as the plain ones`]);
  });

  it("are told by the prefix if it is none that is known, and refused if two are one parameter", () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    renamed((name) => `student.${name}`);
    expect(() => loadModel(folder)).toThrow(
      `${folder} does not hold the parameters that its config.json describes:
  - every name begins with student.: save the model again without what put it there, or rename the parameters`,
    );
    writeSafetensors(join(folder, "model.safetensors"), { "norm.weight": float32([1]), "model.norm.weight": float32([1]) });
    expect(() => loadModel(folder)).toThrow(
      `${join(folder, "model.safetensors")}: holds model.norm.weight and norm.weight, which are one parameter.`,
    );
  });
});

describe("a folder that holds something else", () => {
  it("or shards without an index, which are read if they are all there", () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters(), maxShardBytes: 8000 });
    rmSync(join(folder, "model.safetensors.index.json"));
    expect(valuesOf(loadModel(folder).parameters)).toEqual(valuesOf(smallParameters()));
    const [first = "", second = ""] = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
    const count = Number(first.slice(-17, -12));
    rmSync(join(folder, second));
    expect(() => loadModel(folder)).toThrow(`${join(folder, second)}: no such file, of ${count} shards ${count - 1} are there.`);
    renameSync(join(folder, first), join(folder, "other-00001-of-00001.safetensors"));
    expect(() => loadModel(folder)).toThrow(
      `${folder}: holds shards of 2 models and no model.safetensors.index.json that says which to read. Download the index, or leave only one model's shards.`,
    );
  });

  it("names a LoRA adapter, alone, unmerged or beside a model", () => {
    writeFileSync(join(folder, "adapter_config.json"), JSON.stringify({ base_model_name_or_path: "Dream-org/Dream-7B" }));
    const refusal = `${folder}: holds a LoRA adapter for Dream-org/Dream-7B, not a model. Merge it into its model with PEFT's merge_and_unload() and save that.`;
    expect(() => loadModel(folder)).toThrow(refusal);
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    expect(loadModel(folder).notices).toEqual(["adapter_config.json lies beside the model: the adapter is not applied"]);
    const lora = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
    writeSafetensors(join(folder, "model.safetensors"), { ...smallParameters(), [lora]: float32([1]) });
    expect(() => loadModel(folder)).toThrow(`holds LoRA weights that were not merged into the layers, ${lora} among them.`);
    rmSync(join(folder, "model.safetensors"));
    expect(() => loadModel(folder)).toThrow(refusal);
  });

  it("tells a link whose file is gone, and an adapter without its settings", () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    renameSync(join(folder, "model.safetensors"), join(folder, "adapter_model.safetensors"));
    expect(() => loadModel(folder)).toThrow(`${folder}: holds a LoRA adapter, not a model. Merge it into its model`);
    symlinkSync("../../blobs/0000", join(folder, "model.safetensors"));
    expect(() => loadModel(folder)).toThrow(`${join(folder, "model.safetensors")}: is a link to a file that is not there. Download the model again.`);
  });

  it("names weights of another name or format", () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    renameSync(join(folder, "model.safetensors"), join(folder, "weights.safetensors"));
    expect(() => loadModel(folder)).toThrow(
      `${folder}: holds no model.safetensors but weights.safetensors. Name it model.safetensors if it is the model.`,
    );
    renameSync(join(folder, "weights.safetensors"), join(folder, "model-q4.gguf"));
    expect(() => loadModel(folder)).toThrow(`${folder}: holds no model.safetensors but model-q4.gguf. Download the model's safetensors.`);
  });

  it.skipIf(process.platform === "win32")("waits for no pipe in the place of a file", () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    for (const name of ["model.safetensors", "config.json"]) {
      rmSync(join(folder, name));
      execFileSync("mkfifo", [join(folder, name)]);
      expect(() => loadModel(folder)).toThrow(`${join(folder, name)}: not a file. It is a pipe.`);
    }
  });

  it("lists the first fifty problems", () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    writeSafetensors(join(folder, "model.safetensors"), Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`x${i}`, float32([1])])));
    const missing = Object.keys(parameterShapes(smallConfig)).length;
    expect(() => loadModel(folder)).toThrow(new RegExp(`  - and ${missing + 60 - 50} more$`));
  });
});

it("a model of which no matrix can be cut into blocks is int4 in memory, in its file and read back", async () => {
  const config = { ...smallConfig, hiddenSize: 24, numAttentionHeads: 3, numKeyValueHeads: 3, intermediateSize: 40 };
  saveModel(folder, { config, parameters: smallParameters(config) });
  const quantized = await loadQuantizedModel(folder, "int4");
  expect(quantized.quantization).toBe("int4");
  saveModel(folder, quantized);
  expect(loadModel(folder)).toEqual(quantized);
  expect(await loadQuantizedModel(folder, "int4")).toEqual(quantized);
  const checkpoint = openCheckpoint(folder, config);
  expect(checkpoint.quantization).toBe("int4");
  checkpoint.close();
  await expect(loadQuantizedModel(folder, "int8")).rejects.toThrow('quantize must be "int4" or absent');
});
