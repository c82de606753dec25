import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { int32, writeSafetensors } from "@diffucoder/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadModel, openCheckpoint, quantizeParameters, saveModel } from "./index.ts";
import { smallConfig, smallParameters } from "./small-model.fixture.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a quantized checkpoint", () => {
  const wide = { ...smallConfig, hiddenSize: 32, intermediateSize: 64 };

  it.each(["int8", "int4"] as const)("is made while reading, and is saved and read as it is: %s", async (method) => {
    for (const config of [wide, { ...wide, tieWordEmbeddings: true }]) {
      const parameters = smallParameters(config);
      saveModel(folder, { config, parameters, maxShardBytes: 20_000 });
      const quantized = await loadModel(folder, { quantize: method });
      expect(quantized.quantization).toBe(method);
      expect(quantized.parameters).toEqual(await quantizeParameters({ config, parameters, method }));

      saveModel(folder, { ...quantized, maxShardBytes: 5000 });
      expect(await loadModel(folder)).toEqual(quantized);
      expect(await loadModel(folder, { quantize: method })).toEqual(quantized);
      const other = method === "int8" ? "int4" : "int8";
      await expect(loadModel(folder, { quantize: other })).rejects.toThrow(
        `quantize must be "${method}" or absent, because ${folder} is already quantized, got "${other}".`,
      );
    }
  });

  it("says in config.json that it is no float checkpoint", async () => {
    saveModel(folder, { config: wide, parameters: smallParameters(wide) });
    saveModel(folder, await loadModel(folder, { quantize: "int8" }));
    const file = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    expect(file.quantization_config).toEqual({ quant_method: "diffucoder-int8" });
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ...file, quantization_config: { quant_method: "gptq" } }));
    await expect(loadModel(folder)).rejects.toThrow('quantization_config: only this package\'s own is supported, got "gptq"');
  });

  it("is held to its config", async () => {
    saveModel(folder, { config: wide, parameters: smallParameters(wide) });
    const { parameters } = await loadModel(folder, { quantize: "int8" });
    const { "lm_head.weight.scales": _, ...rest } = parameters;
    writeSafetensors(join(folder, "model.safetensors"), { ...rest, "model.norm.weight": int32(new Int32Array(32)) });
    await expect(loadModel(folder)).rejects.toThrow(
      `${folder} does not hold the parameters that its config.json describes:
  - model.norm.weight: of dtype I32, expected floats
  - lm_head.weight.scales: missing`,
    );
    await expect(loadModel(folder, { quantize: "int2" as "int4" })).rejects.toThrow('quantize must be "int8" or "int4", got "int2".');
  });

  it("of which no matrix can be cut into blocks is int4 in memory, in its file and read back", async () => {
    const config = { ...smallConfig, hiddenSize: 24, numAttentionHeads: 3, numKeyValueHeads: 3, intermediateSize: 40 };
    saveModel(folder, { config, parameters: smallParameters(config) });
    const quantized = await loadModel(folder, { quantize: "int4" });
    expect(quantized.quantization).toBe("int4");
    saveModel(folder, quantized);
    expect(await loadModel(folder)).toEqual(quantized);
    expect(await loadModel(folder, { quantize: "int4" })).toEqual(quantized);
    const checkpoint = openCheckpoint(folder, config);
    expect(checkpoint.quantization).toBe("int4");
    checkpoint.close();
    await expect(loadModel(folder, { quantize: "int8" })).rejects.toThrow('quantize must be "int4" or absent');
  });
});
