import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { float32, type NdArray, readSafetensors, writeSafetensors } from "@diffucoder/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadModel, modelTraits, openCheckpoint, parameterCount, parameterShapes, quantizeParameters, saveModel } from "./index.ts";
import { smallConfig, smallParameters, valuesOf } from "./small-model.fixture.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Splits the saved model into two shards with an index, as Hugging Face does. */
function shard(change: (weightMap: Record<string, string>) => void = () => {}): void {
  const { arrays } = readSafetensors(join(folder, "model.safetensors"));
  rmSync(join(folder, "model.safetensors"));
  const weightMap: Record<string, string> = {};
  const shards: Record<string, Record<string, NdArray>> = { "model-00001-of-00002.safetensors": {}, "model-00002-of-00002.safetensors": {} };
  Object.entries(arrays).forEach(([name, array], i) => {
    const file = Object.keys(shards)[i % 2]!;
    weightMap[name] = file;
    (shards[file] as Record<string, NdArray>)[name] = array;
  });
  for (const [file, part] of Object.entries(shards)) writeSafetensors(join(folder, file), part);
  change(weightMap);
  writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ metadata: {}, weight_map: weightMap }));
}

describe("saveModel and loadModel", () => {
  it("give back the same config and the same weights", async () => {
    const parameters = smallParameters();
    saveModel(folder, { config: smallConfig, parameters });
    const loaded = await loadModel(folder);
    expect(loaded.config).toEqual(smallConfig);
    expect(valuesOf(loaded.parameters)).toEqual(valuesOf(parameters));
  });

  it("round weights to bfloat16 once", async () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters(), dtype: "BF16" });
    const { parameters } = await loadModel(folder);
    const first = valuesOf(parameters);
    for (const [name, { data }] of Object.entries(smallParameters())) expect(first[name]).toBeAllclose(data, { rtol: 2 ** -8, atol: 1e-30 });
    saveModel(folder, { config: smallConfig, parameters, dtype: "BF16" });
    expect(valuesOf((await loadModel(folder)).parameters)).toEqual(first);
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

  it("read the reference's own checkpoint", async () => {
    const { config, parameters } = await loadModel(fileURLToPath(new URL("../fixtures/dream-f32/checkpoint", import.meta.url)));
    expect(config.numKeyValueHeads).toBe(2);
    expect(Object.keys(parameters)).toHaveLength(3 * 12 + 3);
  });

  it("read shards, in the order of a new model's parameters", async () => {
    const parameters = smallParameters();
    saveModel(folder, { config: smallConfig, parameters });
    shard();
    const loaded = (await loadModel(folder)).parameters;
    expect(valuesOf(loaded)).toEqual(valuesOf(parameters));
    expect(Object.keys(loaded)).toEqual(Object.keys(parameters));
  });
});

describe("saveModel", () => {
  it("cuts a large model into shards that are read back, and replaces what was there", async () => {
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
    expect(valuesOf((await loadModel(folder)).parameters)).toEqual(valuesOf(parameters));
    const other = smallParameters(smallConfig, 2);
    saveModel(folder, { config: smallConfig, parameters: other });
    expect(valuesOf((await loadModel(folder)).parameters)).toEqual(valuesOf(other));
  });

  it("reads back the same model from every dtype and cut", async () => {
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
        const loaded = (await loadModel(folder)).parameters;
        for (const [name, { data }] of Object.entries(exact)) expect(loaded[name]?.data).toBeAllclose(data, { rtol: dtype === "BF16" ? 2 ** -8 : 0 });
      }
    }
  });

  it("leaves out the head that is tied, and reads files that have it twice", async () => {
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
    expect(valuesOf((await loadModel(folder)).parameters)).toEqual(valuesOf(parameters));
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
  it("gives one error with everything that is missing, unexpected or of the wrong shape", async () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    const { "model.norm.weight": _, ...rest } = smallParameters();
    writeSafetensors(join(folder, "model.safetensors"), { ...rest, "lm_head.weight": float32([1, 2], [1, 2]), "rotary.inv_freq": float32([1]) });
    await expect(loadModel(folder)).rejects.toThrow(
      `${folder} does not hold the parameters that its config.json describes:
  - model.norm.weight: missing
  - lm_head.weight: shape [1, 2], expected [13, 16]
  - rotary.inv_freq: unexpected`,
    );
  });

  it("is not written either", () => {
    expect(() => saveModel(folder, { config: smallConfig, parameters: {} })).toThrow("model.embed_tokens.weight: missing");
  });

  it("names the file that is missing or cut off", async () => {
    await expect(loadModel(folder)).rejects.toThrow(`${join(folder, "config.json")}: no such file.`);
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    truncateSync(join(folder, "model.safetensors"), 5000);
    await expect(loadModel(folder)).rejects.toThrow(`${join(folder, "model.safetensors")}: truncated`);
    rmSync(join(folder, "model.safetensors"));
    await expect(loadModel(folder)).rejects.toThrow(`${join(folder, "model.safetensors")}: no such file.`);
  });

  it("names the shard that is missing, repeated, or outside of the folder", async () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    shard();
    cpSync(join(folder, "model-00001-of-00002.safetensors"), join(folder, "model-00002-of-00002.safetensors"));
    await expect(loadModel(folder)).rejects.toThrow(
      "model-00002-of-00002.safetensors: holds model.embed_tokens.weight, which another shard holds as well.",
    );
    rmSync(join(folder, "model-00002-of-00002.safetensors"));
    await expect(loadModel(folder)).rejects.toThrow("model-00002-of-00002.safetensors: no such file.");
    writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: { x: "../x.safetensors" } }));
    await expect(loadModel(folder)).rejects.toThrow(`${folder}: names the file "../x.safetensors", expected one in the same folder.`);
    writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: ["x"] }));
    await expect(loadModel(folder)).rejects.toThrow("model.safetensors.index.json: weight_map must map parameter names to file names.");
  });

  it("names the first number that is not finite", async () => {
    const parameters = smallParameters();
    const norm = parameters["model.norm.weight"] as NdArray;
    saveModel(folder, {
      config: smallConfig,
      parameters: { ...parameters, "model.norm.weight": float32(new Float32Array(norm.size).fill(Number.NaN)) },
    });
    await expect(loadModel(folder)).rejects.toThrow(
      `${join(folder, "model.safetensors")}: tensor "model.norm.weight" holds NaN at element 0. The weights were damaged, or saved after training diverged.`,
    );
  });

  it("is not read through a link out of the folder", async () => {
    const [model, elsewhere] = [join(folder, "model"), join(folder, "elsewhere")];
    saveModel(model, { config: smallConfig, parameters: smallParameters() });
    saveModel(elsewhere, { config: smallConfig, parameters: smallParameters() });
    for (const name of ["model.safetensors", "config.json"]) {
      rmSync(join(model, name));
      symlinkSync(join(elsewhere, name), join(model, name));
      await expect(loadModel(model)).rejects.toThrow(`${join(model, name)}: is a link out of its folder, to ${join(elsewhere, name)}.`);
    }
  });

  it("of pickles is refused, as a file and as a folder of them", async () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    rmSync(join(folder, "model.safetensors"));
    writeFileSync(join(folder, "pytorch_model.bin"), "PK");
    await expect(loadModel(folder)).rejects.toThrow(
      `${folder}: holds no safetensors but the pickle pytorch_model.bin. Pickles can run code and are not read: save the model again with safe_serialization=True.`,
    );
  });
});

describe("a head that should be tied to the embedding", () => {
  const tied = { ...smallConfig, tieWordEmbeddings: true };
  const head = smallParameters(smallConfig, 3)["lm_head.weight"] as NdArray;

  it("is used if it differs, with a word, as floats and quantized", async () => {
    saveModel(folder, { config: tied, parameters: smallParameters(tied) });
    writeSafetensors(join(folder, "model.safetensors"), { ...smallParameters(tied), "lm_head.weight": head });
    const loaded = await loadModel(folder);
    expect(loaded.config).toEqual(smallConfig);
    expect(loaded.parameters["lm_head.weight"]).toEqual(head);
    expect(loaded.notices).toEqual([
      "config.json ties the head to the embedding, but lm_head.weight holds other numbers: the head of the file is used, and the two are not tied",
    ]);
    const quantized = await loadModel(folder, { quantize: "int8" });
    expect(quantized.config).toEqual(smallConfig);
    expect(quantized.parameters).toEqual(await quantizeParameters({ config: smallConfig, parameters: loaded.parameters, method: "int8" }));
    expect(quantized.notices).toEqual(loaded.notices);
    saveModel(folder, loaded);
    expect(await loadModel(folder)).toEqual({ ...modelTraits(smallConfig), config: smallConfig, parameters: loaded.parameters });
  });

  it("is left out without a word if it is the same, and must be a head", async () => {
    const parameters = smallParameters(tied);
    saveModel(folder, { config: tied, parameters });
    writeSafetensors(join(folder, "model.safetensors"), { ...parameters, "lm_head.weight": parameters["model.embed_tokens.weight"] as NdArray });
    expect(await loadModel(folder)).toEqual({ ...modelTraits(tied), config: tied, parameters });
    writeSafetensors(join(folder, "model.safetensors"), { ...parameters, "lm_head.weight": float32([1, 2], [1, 2]) });
    await expect(loadModel(folder)).rejects.toThrow("  - lm_head.weight: shape [1, 2], expected [13, 16]");
  });
});
