import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { runFingerprint } from "./run-fingerprint.ts";

const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "train-fingerprint-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};

describe("runFingerprint", () => {
  it("holds the content of each file of the recipe, not its path", () => {
    const folder = temporaryFolder();
    const [here, there] = [join(folder, "tasks.jsonl"), join(folder, "moved.jsonl")];
    writeFileSync(here, "abc");
    const before = runFingerprint({ recipe: { seed: 0, data: { file: here, tiers: [1] } } });
    // printf abc | sha256sum
    expect(before).toEqual({ seed: 0, data: { "file (its content)": "sha256 ba7816bf8f01cfea", tiers: [1] } });
    renameSync(here, there);
    expect(runFingerprint({ recipe: { seed: 0, data: { file: there, tiers: [1] } } })).toEqual(before);
    writeFileSync(there, "abd");
    expect(runFingerprint({ recipe: { seed: 0, data: { file: there, tiers: [1] } } })).not.toEqual(before);
    const inList = { modules: [{ file: there, weight: 1 }], tiers: [[1]] };
    expect(runFingerprint({ recipe: inList })).toEqual({
      modules: [{ "file (its content)": expect.stringMatching(/^sha256 /), weight: 1 }],
      tiers: [[1]],
    });
    expect(() => runFingerprint({ recipe: { file: here } })).toThrow(`${here}: no such file.`);
    expect(() => runFingerprint({ recipe: { file: folder } })).toThrow(`${folder}: not a file. It is a folder.`);
  });

  it("holds every file of the model that is read, shards too, and nothing else of its folder", () => {
    const folder = temporaryFolder();
    const files = ["config.json", "merges.txt", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "chat_template.jinja"];
    for (const name of files) writeFileSync(join(folder, name), name);
    const before = runFingerprint({ recipe: {}, modelDir: folder });
    expect(Object.keys(before).toSorted()).toEqual(files.map((name) => `${name} of --model`).toSorted());
    writeFileSync(join(folder, "README.md"), "notes");
    mkdirSync(join(folder, "runs"));
    expect(runFingerprint({ recipe: {}, modelDir: folder })).toEqual(before);
    for (const name of files) rmSync(join(folder, name));
    expect(() => runFingerprint({ recipe: {}, modelDir: folder })).toThrow(
      `${join(folder, "model.safetensors")}: no such file. Give the folder of a model with --model.`,
    );
  });
});
