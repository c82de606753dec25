import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundledModelDir } from "diffucoder";
import { describe, expect, it, onTestFinished } from "vitest";
import { runFingerprint } from "@diffucoder/recipes";
import { hasPython, set, train } from "./run-train.fixture.ts";

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

describe.runIf(hasPython)(`a run whose files were moved or changed${hasPython ? "" : " (SKIPPED: there is no python3)"}`, () => {
  it("goes on with the same ones elsewhere; another one is named", async () => {
    const folder = temporaryFolder();
    const [model, moved, output, tasks, tasksMoved] = ["model", "moved", "run", "tasks.jsonl", "moved.jsonl"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
      string,
    ];
    cpSync(bundledModelDir(), model, { recursive: true });
    const task = (id: string): string => `${JSON.stringify({ id, prompt: "Return the sum of xs.", entry_point: "f", tests: [[[[1, 2]], 3]] })}\n`;
    writeFileSync(tasks, task("a") + task("b"));
    const evaluate = (modelDir: string, file: string) =>
      train(["evaluate", "--model", modelDir, "--output", output, ...set({ file, tasks: 2, samplesPerTask: 1, steps: 2 })]);
    const wayOut = "Run with the same settings and model to go on, give another folder with --output, or start over with --fresh.";
    expect(await evaluate(model, tasks)).toMatchObject({ code: 0 });

    renameSync(model, moved);
    renameSync(tasks, tasksMoved);
    expect(await evaluate(moved, tasksMoved)).toMatchObject({ code: 0, progress: "" });

    writeFileSync(tasksMoved, task("a") + task("c"));
    expect((await evaluate(moved, tasksMoved)).error).toMatch(
      /^.*settings\.json: belongs to a run with other settings: file \(its content\) was "sha256 [\da-f]{16}", is "sha256 [\da-f]{16}"\. Run with/,
    );
    writeFileSync(tasksMoved, task("a") + task("b"));
    const path = join(moved, "generation_config.json");
    writeFileSync(path, readFileSync(path, "utf8").trimEnd().replace(/\}$/, ', "topK": 3 }'));
    const { code, error } = await evaluate(moved, tasksMoved);
    expect(code).toBe(1);
    expect(error).toMatch(/: generation_config\.json of --model was "sha256 [\da-f]{16}", is "sha256 [\da-f]{16}"\. /);
    expect(error.endsWith(wayOut)).toBe(true);
  });
});
