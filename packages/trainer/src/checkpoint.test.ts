import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError } from "@diffucoder/core";
import { float32, writeSafetensors } from "@diffucoder/tensor";
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
  parameters: { w: float32([1.5, -2, step], [1, 3]) },
  adam: { m: { w: float32([0, 1e-30, 3], [1, 3]) }, v: { w: float32([4, 5, 6], [1, 3]) } },
  reference: { w: float32([7, 8, 9], [1, 3]) },
  snapshots: Array.from({ length: step % 13 }, (_, i) => ({ w: float32([i, 0, 0], [1, 3]) })),
});

describe("checkpoints", () => {
  it("come back bit for bit", () => {
    const path = join(folder, "a.safetensors");
    saveCheckpoint(path, checkpoint(12));
    expect(loadCheckpoint(path)).toEqual(checkpoint(12));
  });

  it("are nothing where there is none", () => {
    expect(loadCheckpoint(join(folder, "absent.safetensors"))).toBeUndefined();
  });

  it("replace the one before only when they are whole", () => {
    const path = join(folder, "b.safetensors");
    saveCheckpoint(path, checkpoint(1));
    saveCheckpoint(path, checkpoint(2));
    expect(loadCheckpoint(path)?.step).toBe(2);
    expect(readdirSync(folder).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  it("that were cut off, or are something else, are named", () => {
    const path = join(folder, "d.safetensors");
    saveCheckpoint(path, checkpoint(1));
    const size = readFileSync(path).length;
    for (const length of [0, 5, 60, size - 1]) {
      saveCheckpoint(path, checkpoint(1));
      truncateSync(path, length);
      expect(() => loadCheckpoint(path), `${length} bytes`).toThrow(FileError);
      expect(() => loadCheckpoint(path), `${length} bytes`).toThrow("d.safetensors");
    }
    writeFileSync(path, "not a checkpoint at all");
    expect(() => loadCheckpoint(path)).toThrow(FileError);
    writeSafetensors(path, { w: float32([1]) });
    expect(() => loadCheckpoint(path)).toThrow(`${path}: is not a training checkpoint.`);
  });
});

describe("a checkpoint of which the disk changed one bit", () => {
  const places: [string, (bytes: Buffer) => number][] = [
    ["its last number", (bytes) => bytes.length - 1],
    ["the step", (bytes) => bytes.indexOf('"step":"12"') + 9],
    ["the name of an array", (bytes) => bytes.indexOf("parameters/w") + 11],
  ];
  it.each(places)("in %s is refused", (_, placeIn) => {
    const path = join(folder, "bit.safetensors");
    saveCheckpoint(path, checkpoint(12));
    const bytes = readFileSync(path);
    bytes[placeIn(bytes)]! ^= 1;
    writeFileSync(path, bytes);
    expect(() => loadCheckpoint(path)).toThrow(`${path}: is damaged: its checksum is not that of what was saved.`);
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
