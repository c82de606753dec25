import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { claimRun, type ClaimRunOptions } from "./claim-run.ts";

const emptyFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "claim-run-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};
const settings = (maxSteps: number, more: object = {}) => ({ command: "train", training: { maxSteps, ...more } });
const options = (maxSteps: number, more: object = {}): ClaimRunOptions => ({
  settings: settings(maxSteps, more),
  results: ["a.jsonl", "b.jsonl"],
  stepsKey: "training.maxSteps",
  startOver: "start over with --fresh",
});
const wayOut = "give another folder with --output, or start over with --fresh.";

describe("claimRun", () => {
  it("leaves a folder to anybody until it holds results, then to runs with the same settings", () => {
    const folder = emptyFolder();
    claimRun(folder, options(8, { seed: 0 }));
    writeFileSync(join(folder, "a.jsonl"), "");
    claimRun(folder, options(8, { seed: 1 }));
    writeFileSync(join(folder, "b.jsonl"), "1\n");
    const before = readFileSync(join(folder, "run.json"), "utf8");
    expect(claimRun(folder, options(8, { seed: 1 }))).toEqual({ raisedFrom: undefined });
    expect(() => claimRun(folder, options(8, { seed: 2, topP: 0.9 }))).toThrow(
      `${join(folder, "run.json")}: belongs to a run with other settings: training.seed was 1, is 2; training.topP was not set, is 0.9. Run with the same settings and files to resume, ${wayOut}`,
    );
    expect(readFileSync(join(folder, "run.json"), "utf8")).toBe(before);
  });

  it("binds at once where no results are named, and tells runs of another kind", () => {
    const folder = emptyFolder();
    claimRun(folder, { settings: { command: "eval" } });
    expect(() => claimRun(folder, { settings: { command: "train" } })).toThrow(
      `${join(folder, "run.json")}: belongs to a run with other settings: command was "eval", is "train". Run with the same settings and files to resume, give another folder with --output, or remove this one.`,
    );
  });

  it("lets a run become longer, once, and remembers from where; not shorter, and not with other settings besides", () => {
    const folder = emptyFolder();
    const path = join(folder, "run.json");
    claimRun(folder, options(8));
    writeFileSync(join(folder, "a.jsonl"), "1\n");
    let removed = 0;
    const onLonger = (): void => void removed++;
    expect(claimRun(folder, { ...options(9), onLonger })).toEqual({ raisedFrom: 8 });
    expect(claimRun(folder, { ...options(9), onLonger })).toEqual({ raisedFrom: 8 });
    expect(removed).toBe(1);
    expect(() => claimRun(folder, options(7))).toThrow(
      `${path}: belongs to a run with other settings: training.maxSteps was 9, is 7 (a run can be made longer, not shorter). Run with the same settings and files to resume, ${wayOut}`,
    );
    expect(() => claimRun(folder, options(10, { seed: 1 }))).toThrow("training.maxSteps was 9, is 10; training.seed was not set, is 1. Run");
    expect(() => claimRun(folder, { ...options(10), stepsKey: undefined })).toThrow("training.maxSteps was 9, is 10. Run");
  });

  it("refuses a folder of another version, and results of which nobody knows what they were made with", () => {
    const folder = emptyFolder();
    const path = join(folder, "run.json");
    writeFileSync(join(folder, "a.jsonl"), "1\n");
    expect(() => claimRun(folder, options(8))).toThrow(`${path}: no such file, so what a.jsonl was made with is unknown. To go on, ${wayOut}`);
    for (const [format, said] of [
      [2, "2"],
      [undefined, "not given"],
    ]) {
      writeFileSync(path, JSON.stringify({ format, settings: settings(8) }));
      expect(() => claimRun(folder, options(8))).toThrow(
        `${path}: was made by another version: its run format is ${said}, this version reads 1. Resume with the version that made it, ${wayOut}`,
      );
    }
    writeFileSync(path, "{");
    expect(() => claimRun(folder, options(8))).toThrow(`${path}: not valid JSON`);
  });
});
