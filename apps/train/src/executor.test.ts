import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hasPython, set, tinyPretraining, tinyQuickstart, train } from "./run-train.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "train-executor-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** TensorFlow.js in plain JavaScript is slow: two steps on one row. */
const small = [...tinyPretraining, ...set({ "training.stages.1.maxSteps": 1, "training.perDeviceTrainBatchSize": 1 })];

const losses = (output: string): number[] =>
  readFileSync(join(folder, output, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { loss: number }).loss);

describe("train on another executor", () => {
  it("pretrains on TensorFlow.js to the losses that it has on ONNX Runtime", async () => {
    const command = (name: string, ...more: string[]): string[] => ["pretrain", ...small, "--output", join(folder, name), ...more];
    expect(await train(command("onnx"))).toMatchObject({ code: 0, errors: [] });
    expect(await train(command("tfjs", "--executor", "tfjs-cpu"))).toMatchObject({ code: 0, errors: [] });
    const [expected, actual] = [losses("onnx"), losses("tfjs")];
    expect(actual).toHaveLength(2);
    actual.forEach((loss, step) => expect(loss).toBeCloseTo(expected[step]!, 4));
  });

  it.skipIf(!hasPython)(`takes a step of coupled-GRPO on TensorFlow.js${hasPython ? "" : " (SKIPPED: no python3)"}`, async () => {
    const model = join(folder, "onnx", "model");
    const settings = set({
      "data.tasks": 4,
      "training.maxSteps": 1,
      "training.promptsPerStep": 1,
      "training.numGenerations": 2,
      "sampling.steps": 2,
    });
    const output = join(folder, "grpo");
    const { code, errors } = await train(["coupled-grpo", "--model", model, "--executor", "tfjs-cpu", ...settings, "--output", output]);
    expect(code, errors.join("\n")).toBe(0); // a weaker sandbox is said there too
    expect(losses("grpo")).toEqual([expect.any(Number)]);
  });

  it("pretrains in bf16 to nearly the losses of float32, and resumes in no other precision", async () => {
    const command = (...more: string[]): string[] => ["pretrain", ...small, "--output", join(folder, "bf16"), ...more];
    const first = await train(command("--precision", "bf16"));
    expect(first.code).toBe(0);
    for (const note of first.errors) expect(note).toContain("bf16"); // what this processor does not have
    const [expected, actual] = [losses("onnx"), losses("bf16")];
    actual.forEach((loss, step) => expect(loss).toBeCloseTo(expected[step]!, 2));
    const { code, error } = await train(command());
    expect({ code, error }).toEqual({ code: 1, error: expect.stringContaining("precision") });
  });

  const refused = 'device must be absent with executor "tfjs-cpu", whose name says where it runs, got "webgpu".';
  it.each([
    ["pretrain", tinyPretraining],
    ["coupled-grpo", []],
    ["evaluate", []],
    ["quickstart", tinyQuickstart],
  ])("%s refuses a device that the executor does not have, in one sentence, and leaves the folder free", async (command, settings) => {
    const output = join(folder, `refused-${command}`);
    const { code, errors } = await train([command, "--executor", "tfjs-cpu", "--device", "webgpu", ...settings, "--output", output]);
    expect({ code, error: errors.at(-1) }).toEqual({ code: 1, error: refused });
    expect(existsSync(join(output, "run.json"))).toBe(false);
  });

  it("names the executors that there are", async () => {
    const { code, error } = await train(["pretrain", "--executor", "cuda", "--output", join(folder, "cuda")]);
    expect({ code, error }).toEqual({
      code: 1,
      error: 'Invalid recipe tinycode-base:\n  - executor: must be one of "onnx", "tfjs-node-gpu", "tfjs-node", "tfjs-cpu", got "cuda"',
    });
  });
});
