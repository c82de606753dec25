import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasPython, set, tinyPretraining, tinyQuickstart, train } from "./run-train.fixture.ts";

let folder: string;
let model: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "train-longer-"));
  await train(["pretrain", "--output", join(folder, "base"), ...tinyPretraining]);
  model = join(folder, "base", "model");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const wayOut = "Run with the same settings and files to resume, give another folder with --output, or start over with --fresh.";
const sameFiles = (one: string, other: string, names: readonly string[]): void => {
  for (const name of names) expect(readFileSync(join(one, name)).equals(readFileSync(join(other, name))), name).toBe(true);
};
const stepsIn = (output: string): number[] =>
  readFileSync(join(output, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { step: number }).step);

describe("a finished pretraining with more steps of its last stage", () => {
  const pretrain = (output: string, maxSteps: number, more: Record<string, unknown> = {}) =>
    train(["pretrain", "--output", output, ...tinyPretraining, ...set({ "training.stages.1.maxSteps": maxSteps, ...more })]);
  const constant = { "training.lrSchedulerType": "constant" };
  const cosine = { "training.lrSchedulerType": "cosine_with_min_lr", "training.warmupSteps": 0 };

  it("continues and ends like one that was started with as many steps, at a constant rate", async () => {
    const [whole, longer] = [join(folder, "pretrain-whole"), join(folder, "pretrain-longer")];
    await pretrain(whole, 5, constant);
    await pretrain(longer, 2, constant);
    expect(await pretrain(longer, 5, constant)).toMatchObject({
      code: 0,
      error: "training.stages.1.maxSteps was 2, is 5: the run continues from step 3 and ends like a run that was started with 5.",
    });
    sameFiles(longer, whole, ["model/model.safetensors", "checkpoint.safetensors"]);
    expect(stepsIn(longer)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("continues with the longer run's rates where the rate decays over the steps, and says that the result differs", async () => {
    const [whole, longer, again] = ["cosine-whole", "cosine-longer", "cosine-again"].map((name) => join(folder, name)) as [string, string, string];
    await pretrain(whole, 5, cosine);
    for (const output of [longer, again]) {
      await pretrain(output, 2, cosine);
      expect(await pretrain(output, 5, cosine)).toMatchObject({
        code: 0,
        error:
          "training.stages.1.maxSteps was 2, is 5: the run continues from step 3. The learning rate (lrSchedulerType cosine_with_min_lr) decays over all steps: finished steps had the shorter run's rates and the rest get the longer run's, so the result differs from that of a run that was started with 5.",
      });
    }
    const ratesIn = (output: string): number[] =>
      readFileSync(join(output, "metrics.jsonl"), "utf8")
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { learningRate: number }).learningRate);
    expect(ratesIn(longer).slice(3)).toEqual(ratesIn(whole).slice(3));
    expect(ratesIn(longer)[3]).toBeGreaterThan(ratesIn(longer)[2]!);
    sameFiles(longer, again, ["model/model.safetensors", "checkpoint.safetensors"]);
    expect(readFileSync(join(longer, "model/model.safetensors")).equals(readFileSync(join(whole, "model/model.safetensors")))).toBe(false);
  });

  it("is refused with fewer, with another number of the steps that come first, and with other settings besides", async () => {
    const output = join(folder, "refused");
    const path = join(output, "run.json");
    await pretrain(output, 2, constant);
    const refused = async (more: Record<string, unknown>, problem: string): Promise<void> => {
      const { code, error } = await pretrain(output, 2, { ...constant, ...more });
      expect({ code, error }).toEqual({
        code: 1,
        error: `${path}: belongs to a run with other settings: ${problem}. ${wayOut}`,
      });
    };
    await refused({ "training.stages.1.maxSteps": 1 }, "training.stages.1.maxSteps was 2, is 1 (a run can be made longer, not shorter)");
    await refused({ "training.stages.0.maxSteps": 2 }, "training.stages.0.maxSteps was 1, is 2");
    await refused({ "training.stages.1.maxSteps": 3, "training.seed": 9 }, "training.seed was 7, is 9; training.stages.1.maxSteps was 2, is 3");
  });
});

describe.runIf(hasPython)(`with more maxSteps${hasPython ? "" : " (SKIPPED: there is no python3)"}`, () => {
  const run = (command: string, output: string, maxSteps: number, more: readonly string[] = []) =>
    train([command, "--model", model, "--output", output, ...tinyQuickstart, ...set({ "training.maxSteps": maxSteps }), ...more]);

  it("a finished coupled-grpo continues and ends like one that was started with as many steps", async () => {
    const settings = tinyQuickstart.filter((_, i) => !tinyQuickstart[i - (i % 2) + 1]?.startsWith("evaluation."));
    const grpo = (output: string, maxSteps: number) =>
      train(["coupled-grpo", "--model", model, "--output", output, ...settings, ...set({ "training.maxSteps": maxSteps })]);
    const [whole, longer] = [join(folder, "grpo-whole"), join(folder, "grpo-longer")];
    await grpo(whole, 5);
    await grpo(longer, 3);
    const { code, errors } = await grpo(longer, 5);
    expect(code).toBe(0);
    expect(errors).toContain("training.maxSteps was 3, is 5: the run continues from step 3 and ends like a run that was started with 5.");
    sameFiles(longer, whole, ["model/model.safetensors", "checkpoint.safetensors"]);
    expect((await grpo(longer, 4)).errors.at(-1)).toBe(
      `${join(longer, "run.json")}: belongs to a run with other settings: training.maxSteps was 5, is 4 (a run can be made longer, not shorter). ${wayOut}`,
    );
  });

  it("a finished quickstart keeps the evaluation before training and makes the one after it again, also when stopped on the way", async () => {
    const [whole, longer] = [join(folder, "quickstart-whole"), join(folder, "quickstart-longer")];
    await run("quickstart", whole, 5);
    expect(await run("quickstart", longer, 3)).toMatchObject({ code: 0 });
    for (const stopAt of ['"coupled-GRPO"', '"evaluate after"']) {
      const stopped = await train(["quickstart", "--model", model, "--output", longer, ...tinyQuickstart, ...set({ "training.maxSteps": 5 })], {
        stopAt,
      });
      expect(stopped, stopAt).toMatchObject({ code: 130 });
      expect(stopped.progress).not.toContain("evaluate before");
    }
    expect(await run("quickstart", longer, 5)).toMatchObject({ code: 0 });
    sameFiles(longer, whole, [
      "before/eval-result.json",
      "after/generations-1.jsonl",
      "after/samples.jsonl",
      "model/model.safetensors",
      "checkpoint.safetensors",
    ]);
    expect(stepsIn(longer)).toEqual([1, 2, 3, 4, 5]);
    const { code, error } = await run("quickstart", longer, 3);
    expect(code).toBe(1);
    expect(error).toBe(
      `${join(longer, "run.json")}: belongs to a run with other settings: training.maxSteps was 5, is 3 (a run can be made longer, not shorter). ${wayOut}`,
    );
  });
});
