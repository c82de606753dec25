import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32, writeSafetensors } from "@diffucoder/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadModel, saveModel } from "./index.ts";
import { smallConfig, smallParameters, valuesOf } from "./small-model.fixture.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

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
  ])("are read as the plain ones: %s", async (_, rename, why) => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    renamed(rename);
    const loaded = await loadModel(folder);
    expect(valuesOf(loaded.parameters)).toEqual(valuesOf(smallParameters()));
    const first = "model.embed_tokens.weight";
    expect(loaded.notices).toEqual([`the file calls ${first} ${rename(first)}${why}: such names were read as the plain ones`]);
  });

  it("are told by the prefix if it is none that is known, and refused if two are one parameter", async () => {
    saveModel(folder, { config: smallConfig, parameters: smallParameters() });
    renamed((name) => `student.${name}`);
    await expect(loadModel(folder)).rejects.toThrow(
      `${folder} does not hold the parameters that its config.json describes:
  - every name begins with student.: save the model again without what put it there, or rename the parameters`,
    );
    writeSafetensors(join(folder, "model.safetensors"), { "norm.weight": float32([1]), "model.norm.weight": float32([1]) });
    await expect(loadModel(folder)).rejects.toThrow(
      `${join(folder, "model.safetensors")}: holds model.norm.weight and norm.weight, which are one parameter.`,
    );
  });
});
