import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { set, tinyPretraining, train } from "./run-train.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "train-pretrain-evaluation-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pretrain = (name: string, settings: Record<string, unknown>, options: { stopAt?: string } = {}) =>
  train(["pretrain", "--output", join(folder, name), ...tinyPretraining, ...set({ "evaluation.examples": 3, ...settings })], options);
const text = (name: string, file: string): string => readFileSync(join(folder, name, file), "utf8");
const evaluations = (name: string) =>
  text(name, "metrics.jsonl")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { step: number; evalLoss: number; evalAccuracy: number })
    .filter((line) => "evalLoss" in line);
const weights = (name: string, model: string): string => readFileSync(join(folder, name, model, "model.safetensors")).toString("latin1");
const evaluated = { "training.evalSteps": 1, "training.loadBestModelAtEnd": true, "training.learningRate": 0.05, "training.warmupSteps": 0 };

describe("pretrain with evalSteps", () => {
  it("measures held-out loss from before the first step on, and keeps and gives the model with the smallest", async () => {
    expect(await pretrain("whole", evaluated)).toMatchObject({ code: 0, error: "" });
    const lines = evaluations("whole");
    expect(lines.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
    const best = lines.reduce((one, other) => (other.evalLoss < one.evalLoss ? other : one));
    expect(JSON.parse(text("whole", "checkpoint-best/best.json"))).toEqual({ step: best.step, metric: "evalLoss", value: best.evalLoss });
    expect(best.step).toBeGreaterThan(0);
    expect(weights("whole", "model")).toBe(weights("whole", "checkpoint-best"));
    expect(text("whole", "report.html")).toContain('<title id="curve-evalLoss-title">evalLoss</title>');
  });

  it("ends a stopped and resumed run with the figures of an uninterrupted one, and evaluates no step twice", async () => {
    expect(await pretrain("stopped", evaluated, { stopAt: '"phase":"diffusion","step":2' })).toMatchObject({ code: 130 });
    const resumed = await pretrain("stopped", evaluated);
    expect(resumed).toMatchObject({ code: 0 });
    expect(resumed.progress).not.toContain('"phase":"evaluation","step":1');
    expect(evaluations("stopped")).toEqual(evaluations("whole"));
    for (const model of ["model", "checkpoint-best"]) expect(weights("stopped", model)).toBe(weights("whole", model));
  });

  it("changes nothing of what is trained", async () => {
    const plain = { "training.learningRate": 0.05, "training.warmupSteps": 0 };
    await pretrain("plain", plain);
    expect(existsSync(join(folder, "plain", "checkpoint-best"))).toBe(false);
    expect(text("plain", "checkpoint.safetensors")).toBe(text("whole", "checkpoint.safetensors"));
  });

  it("keeps the largest evalAccuracy where that is asked for, also in a run that had another figure before", async () => {
    expect(await pretrain("whole", { ...evaluated, "training.metricForBestModel": "evalAccuracy", "training.stages.1.maxSteps": 3 })).toMatchObject({
      code: 0,
    });
    expect(JSON.parse(text("whole", "checkpoint-best/best.json"))).toMatchObject({ step: 4, metric: "evalAccuracy" });
  });

  it.each([
    [
      { "training.loadBestModelAtEnd": true },
      "Invalid recipe tinycode-base:\n  - training: loadBestModelAtEnd needs evalSteps: only an evaluation can tell which checkpoint is the best",
    ],
    [
      { "training.evalSteps": 1, "training.metricForBestModel": "evalPassAt1" },
      'Invalid recipe tinycode-base:\n  - training.metricForBestModel: must be one of "evalLoss", "evalAccuracy", got "evalPassAt1"',
    ],
    [{ "training.evalSteps": 1, "data.tiers": { 1: 1 } }, 'No tier of {"1":1} has examples in the dev split.'],
  ])("refuses %j, before the folder is a run's", async (settings, error) => {
    expect(await pretrain("refused", settings)).toMatchObject({ code: 1, error });
    expect(existsSync(join(folder, "refused", "run.json"))).toBe(false);
  });
});
