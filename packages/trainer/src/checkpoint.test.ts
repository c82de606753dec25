import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError } from "@diffucoder/core";
import { float32 } from "@diffucoder/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { openMetricsLog, writeMetricsCsv } from "./metrics-log.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trainer-checkpoint-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const checkpoint = (step: number): Checkpoint => ({
  step,
  fingerprint: "settings",
  parameters: { w: float32([1.5, -2, step], [1, 3]) },
  adam: { m: { w: float32([0, 1e-30, 3], [1, 3]) }, v: { w: float32([4, 5, 6], [1, 3]) } },
  reference: { w: float32([7, 8, 9], [1, 3]) },
});

describe("checkpoints", () => {
  it("come back bit for bit", () => {
    const path = join(folder, "a.safetensors");
    saveCheckpoint(path, checkpoint(12));
    expect(loadCheckpoint(path, "settings")).toEqual(checkpoint(12));
  });

  it("are nothing where there is none", () => {
    expect(loadCheckpoint(join(folder, "absent.safetensors"), "settings")).toBeUndefined();
  });

  it("replace the one before only when they are whole", () => {
    const path = join(folder, "b.safetensors");
    saveCheckpoint(path, checkpoint(1));
    saveCheckpoint(path, checkpoint(2));
    expect(loadCheckpoint(path, "settings")?.step).toBe(2);
    expect(readdirSync(folder).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  it("of another run are refused with the way out", () => {
    const path = join(folder, "c.safetensors");
    saveCheckpoint(path, checkpoint(1));
    expect(() => loadCheckpoint(path, "other settings")).toThrow(
      `${path}: belongs to a run with other settings. Run with the same settings to go on, give another folder, or start over with --fresh.`,
    );
  });

  it("name the settings that differ, where they are JSON", () => {
    const path = join(folder, "e.safetensors");
    saveCheckpoint(path, { ...checkpoint(1), fingerprint: JSON.stringify({ seed: 0, training: { learningRate: 0.1, topP: 0.9 } }) });
    expect(() => loadCheckpoint(path, JSON.stringify({ seed: 0, training: { learningRate: 1, eps: [1] } }))).toThrow(
      `${path}: belongs to a run with other settings: training.learningRate was 0.1, is 1; training.topP was 0.9, is not set; training.eps was not set, is [1]. Run`,
    );
  });

  it("of a run that is to be longer are loaded; of one that is to be shorter, or is another run too, refused", () => {
    const path = join(folder, "f.safetensors");
    const settings = (maxSteps: number, seed = 0): string => JSON.stringify({ training: { maxSteps, seed } });
    const load = (fingerprint: string, stepsKey?: string) => () => loadCheckpoint(path, fingerprint, { stepsKey });
    const wayOut = "Run with the same settings to go on, give another folder, or start over with --fresh.";
    saveCheckpoint(path, { ...checkpoint(8), fingerprint: settings(8) });
    expect(load(settings(9), "training.maxSteps")()).toEqual({ ...checkpoint(8), fingerprint: settings(8) });
    expect(load(settings(7), "training.maxSteps")).toThrow(
      `${path}: belongs to a run with other settings: training.maxSteps was 8, is 7 (a run can be made longer, not shorter). ${wayOut}`,
    );
    expect(load(settings(9, 1), "training.maxSteps")).toThrow(
      `${path}: belongs to a run with other settings: training.maxSteps was 8, is 9; training.seed was 0, is 1. ${wayOut}`,
    );
    expect(load(settings(9))).toThrow(`${path}: belongs to a run with other settings: training.maxSteps was 8, is 9. ${wayOut}`);
  });

  it("that were cut off, or are something else, are named", () => {
    const path = join(folder, "d.safetensors");
    saveCheckpoint(path, checkpoint(1));
    const size = readFileSync(path).length;
    for (const length of [0, 5, 60, size - 1]) {
      saveCheckpoint(path, checkpoint(1));
      truncateSync(path, length);
      expect(() => loadCheckpoint(path, "settings"), `${length} bytes`).toThrow(FileError);
      expect(() => loadCheckpoint(path, "settings"), `${length} bytes`).toThrow("d.safetensors");
    }
    writeFileSync(path, "not a checkpoint at all");
    expect(() => loadCheckpoint(path, "settings")).toThrow(FileError);
  });
});

describe("openMetricsLog", () => {
  it("drops the lines of steps that are about to be done again", () => {
    const path = join(folder, "metrics.jsonl");
    const log = openMetricsLog(path, { lastStep: 0 });
    for (const step of [1, 2, 3]) log.append({ step, loss: step / 2 });
    openMetricsLog(path, { lastStep: 2 }).append({ step: 3, loss: 9 });
    expect(readFileSync(path, "utf8")).toBe('{"step":1,"loss":0.5}\n{"step":2,"loss":1}\n{"step":3,"loss":9}\n');
  });

  it("drops a line that a crash cut off", () => {
    const path = join(folder, "cut.jsonl");
    writeFileSync(path, '{"step":1,"loss":0.5}\n{"step":2,"lo');
    openMetricsLog(path, { lastStep: 2 }).append({ step: 2, loss: 9 });
    expect(readFileSync(path, "utf8")).toBe('{"step":1,"loss":0.5}\n{"step":2,"loss":9}\n');
  });
});

describe("writeMetricsCsv", () => {
  it("has a column for each figure and a row for each step", () => {
    const path = join(folder, "table.jsonl");
    writeFileSync(path, '{"step":1,"loss":0.5}\n{"step":2,"loss":1e-7,"kl":null}\n{"step":3,"kl":2}\n{"st');
    writeMetricsCsv(path);
    expect(readFileSync(join(folder, "table.csv"), "utf8")).toBe("step,loss,kl\n1,0.5,\n2,1e-7,\n3,,2\n");
  });
});
