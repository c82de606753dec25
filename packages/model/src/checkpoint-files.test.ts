import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32, writeSafetensors } from "@diffucoder/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadModel, parameterShapes, saveModel } from "./index.ts";
import { smallConfig, smallParameters, valuesOf } from "./small-model.fixture.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a folder that holds something else", () => {
  it("or shards without an index, which are read if they are all there", async () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters(), maxShardBytes: 8000 });
    rmSync(join(folder, "model.safetensors.index.json"));
    expect(valuesOf((await loadModel(folder)).parameters)).toEqual(valuesOf(smallParameters()));
    const [first = "", second = ""] = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
    const count = Number(first.slice(-17, -12));
    rmSync(join(folder, second));
    await expect(loadModel(folder)).rejects.toThrow(`${join(folder, second)}: no such file; ${count - 1} of ${count} shards are there.`);
    renameSync(join(folder, first), join(folder, "other-00001-of-00001.safetensors"));
    await expect(loadModel(folder)).rejects.toThrow(
      `${folder}: holds shards of 2 models and no model.safetensors.index.json that says which to read. Download the index, or leave only one model's shards.`,
    );
  });

  it("names a LoRA adapter, alone, unmerged or next to a model", async () => {
    writeFileSync(join(folder, "adapter_config.json"), JSON.stringify({ base_model_name_or_path: "Dream-org/Dream-7B" }));
    const refusal = `${folder}: holds a LoRA adapter for Dream-org/Dream-7B, not a model. Load its model and give this folder as the adapter (--adapter).`;
    await expect(loadModel(folder)).rejects.toThrow(refusal);
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    expect((await loadModel(folder)).notices).toEqual(["adapter_config.json is next to the model: the adapter is not applied"]);
    const lora = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
    writeSafetensors(join(folder, "model.safetensors"), { ...smallParameters(), [lora]: float32([1]) });
    await expect(loadModel(folder)).rejects.toThrow(`holds LoRA weights that were not merged into the layers, ${lora} among them.`);
    rmSync(join(folder, "model.safetensors"));
    await expect(loadModel(folder)).rejects.toThrow(refusal);
  });

  it("tells a link whose file is gone, and an adapter without its settings", async () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    renameSync(join(folder, "model.safetensors"), join(folder, "adapter_model.safetensors"));
    await expect(loadModel(folder)).rejects.toThrow(
      `${folder}: holds a LoRA adapter, not a model. Load its model and give this folder as the adapter (--adapter).`,
    );
    symlinkSync("../../blobs/0000", join(folder, "model.safetensors"));
    await expect(loadModel(folder)).rejects.toThrow(
      `${join(folder, "model.safetensors")}: is a link to a file that is not there. Download the model again.`,
    );
  });

  it("names weights of another name or format", async () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    renameSync(join(folder, "model.safetensors"), join(folder, "weights.safetensors"));
    await expect(loadModel(folder)).rejects.toThrow(
      `${folder}: holds no model.safetensors but weights.safetensors. Name it model.safetensors if it is the model.`,
    );
    renameSync(join(folder, "weights.safetensors"), join(folder, "model-q4.gguf"));
    await expect(loadModel(folder)).rejects.toThrow(`${folder}: holds no model.safetensors but model-q4.gguf. Download the model's safetensors.`);
  });

  it.skipIf(process.platform === "win32")("waits for no pipe in the place of a file", async () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    for (const name of ["model.safetensors", "config.json"]) {
      rmSync(join(folder, name));
      execFileSync("mkfifo", [join(folder, name)]);
      await expect(loadModel(folder)).rejects.toThrow(`${join(folder, name)}: not a file. It is a pipe.`);
    }
  });

  it("lists the first fifty problems", async () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    writeSafetensors(join(folder, "model.safetensors"), Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`x${i}`, float32([1])])));
    const missing = Object.keys(parameterShapes(smallConfig)).length;
    await expect(loadModel(folder)).rejects.toThrow(new RegExp(`  - and ${missing + 60 - 50} more$`));
  });
});
