import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { CHECKPOINT_FILE, keepCheckpoint, removeKeptCheckpoints } from "@diffucoder/recipes";
import { hasPython, set, tinyPretraining, train } from "./run-train.fixture.ts";

const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "train-kept-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};

describe("keepCheckpoint", () => {
  const keep = (output: string, step: number, saveTotalLimit: number, text = ""): void =>
    keepCheckpoint({ output, step, saveSteps: 20, saveTotalLimit, model: (dir) => mkdirSync(dir), saveState: (path) => writeFileSync(path, text) });

  it("keeps the newest ones of those that saveSteps makes, and none with a limit of 1", () => {
    const output = temporaryFolder();
    for (const step of [0, 20, 37, 40, 60, 80, 100]) keep(output, step, 3);
    expect(readdirSync(output).toSorted()).toEqual(["checkpoint-100", "checkpoint-60", "checkpoint-80"]);
    removeKeptCheckpoints(output);
    keep(output, 120, 1);
    expect(readdirSync(output)).toEqual([]);
  });

  it("replaces the one of the same step, and drops those of later steps when a run has gone back", () => {
    const output = temporaryFolder();
    for (const step of [20, 40, 60]) keep(output, step, 3, "first");
    keep(output, 40, 3, "again");
    expect(readdirSync(output).toSorted()).toEqual(["checkpoint-20", "checkpoint-40"]);
    expect(readFileSync(join(output, "checkpoint-40", CHECKPOINT_FILE), "utf8")).toBe("again");
  });

  it("leaves the one that is there when writing fails", () => {
    const output = temporaryFolder();
    keep(output, 20, 2, "first");
    const failing = { output, step: 20, saveSteps: 20, saveTotalLimit: 2, model: (dir: string) => mkdirSync(dir) };
    expect(() => keepCheckpoint({ ...failing, saveState: () => void JSON.parse("no space left") })).toThrow(SyntaxError);
    expect(readFileSync(join(output, "checkpoint-20", CHECKPOINT_FILE), "utf8")).toBe("first");
  });
});

describe("saveTotalLimit", () => {
  const pretrain = (output: string, saveTotalLimit: number, ...more: string[]) =>
    train([
      "pretrain",
      "--output",
      output,
      ...tinyPretraining,
      ...set({ "training.saveSteps": 1, "training.saveTotalLimit": saveTotalLimit }),
      ...more,
    ]);
  const kept = (output: string): string[] =>
    readdirSync(output)
      .filter((name) => name.startsWith("checkpoint-"))
      .toSorted();

  it("keeps folders to go back to, with the numbers of the run; it may change, and --fresh removes them", async () => {
    const output = join(temporaryFolder(), "run");
    expect(await pretrain(output, 2)).toMatchObject({ code: 0, error: "" });
    expect(kept(output)).toEqual(["checkpoint-2", "checkpoint-3"]);
    const files = [CHECKPOINT_FILE, "model/model.safetensors"].map((name) => join(output, name));
    const before = files.map((path) => readFileSync(path));
    expect(readFileSync(join(output, "checkpoint-3/model.safetensors")).equals(before[1] as Buffer)).toBe(true);

    copyFileSync(join(output, "checkpoint-2", CHECKPOINT_FILE), join(output, CHECKPOINT_FILE));
    const again = await pretrain(output, 3);
    expect(again).toMatchObject({ code: 0, error: "" });
    expect(again.progress.match(/"step":\d+,"total"/g)).toEqual(['"step":3,"total"']);
    files.forEach((path, i) => expect(readFileSync(path).equals(before[i] as Buffer), path).toBe(true));

    mkdirSync(join(output, `checkpoint-9.tmp-${process.pid}`)); // as a killed process leaves it
    await pretrain(output, 1, "--fresh");
    expect(kept(output)).toEqual([]);
  });

  it.runIf(hasPython)(`makes models that can be evaluated${hasPython ? "" : " (SKIPPED: there is no python3)"}`, async () => {
    const output = temporaryFolder();
    await pretrain(join(output, "run"), 2);
    const model = join(output, "run", "checkpoint-2");
    const evaluated = await train([
      "evaluate",
      "--model",
      model,
      "--output",
      join(output, "evaluation"),
      ...set({ "data.tasks": 2, samplesPerTask: 1, steps: 2 }),
    ]);
    expect(evaluated).toMatchObject({ code: 0 });
  });
});
