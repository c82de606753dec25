import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasPython, set, tinyPretraining, train } from "./run-train.fixture.ts";

let folder: string;
let model: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "train-rewards-"));
  await train(["pretrain", "--output", join(folder, "base"), ...tinyPretraining]);
  model = join(folder, "base", "model");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, code: string): string => {
  const path = join(folder, name);
  writeFileSync(path, code);
  return path;
};
const grpo = (output: string, more: readonly string[], settings: Record<string, unknown> = {}) =>
  train([
    "coupled-grpo",
    "--model",
    model,
    "--output",
    output,
    ...more,
    ...set({
      "data.tasks": 4,
      "data.tiers": { 1: 1 },
      "training.maxSteps": 3,
      "training.promptsPerStep": 1,
      "training.numGenerations": 2,
      "training.saveSteps": 1,
      "sampling.steps": 2,
      ...settings,
    }),
  ]);
const linesOf = (output: string): Record<string, number>[] =>
  readFileSync(join(output, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, number>);

describe.runIf(hasPython)(`coupled-grpo${hasPython ? "" : " (SKIPPED: there is no python3)"}`, () => {
  it("weighs a custom reward together with the built-in ones", async () => {
    const output = join(folder, "own");
    const mine = write("mine.mjs", "export default (samples) => samples.map(() => 3);\nexport const half = (samples) => samples.map(() => 0.5);");
    const { code, error } = await grpo(output, ["--reward", `${mine}=0.1`, "--reward", `${mine}#half`], { "training.rewardWeights.length": 0.1 });
    expect({ code, error }).toMatchObject({ code: 0 });
    for (const line of linesOf(output)) {
      expect(line).toMatchObject({ "rewards/mine": 3, "rewards/mine#half": 0.5 });
      const terms = 2 * line["rewards/code"]! + 0.5 * line["rewards/code_format"]! + 0.1 * line["rewards/length"]!;
      expect(line["reward"]).toBeCloseTo(terms + 0.1 * 3 + 0.5, 6);
    }
  });

  it("keeps the checkpoint when a custom reward fails, and resumes once it is fixed", async () => {
    const output = join(folder, "failing");
    const code = (problem: string): string =>
      `let calls = 0;\nexport default (samples) => { if (++calls === 2) { ${problem} } return samples.map(() => 1); };`;
    const mine = write("fails.mjs", code("throw new Error('no network');"));
    expect(await grpo(output, ["--reward", mine])).toMatchObject({
      code: 1,
      error: expect.stringMatching(/The reward module .*fails\.mjs failed: no network\.$/),
    });
    expect(existsSync(join(output, "checkpoint.safetensors"))).toBe(true);
    expect(linesOf(output).map(({ step }) => step)).toEqual([1]);
    write("fails.mjs", code(""));
    const { error } = await grpo(output, ["--reward", mine]);
    expect(error).toContain('run.json: belongs to a run with other settings: training.rewardModules.0.file (its content) was "sha256');
  });

  it("names a flag, a file and a name that are wrong before any work starts", async () => {
    const run = async (reward: string): Promise<string> => (await grpo(join(folder, "bad"), ["--reward", reward])).errors.at(-1)!;
    expect(await run("./mine.mjs=heavy")).toBe(
      '--reward must be FILE, FILE=WEIGHT or FILE#EXPORT=WEIGHT, such as ./mine.mjs=0.5, got "./mine.mjs=heavy".',
    );
    expect(await run(join(folder, "absent.mjs"))).toContain(`${join(folder, "absent.mjs")}: no such file`);
    const code = write("code.mjs", "export default () => [];");
    expect(await run(code)).toBe(`--reward must be a file with another name: there is already a reward code, got ${JSON.stringify(code)}.`);
    expect(await grpo(join(folder, "bad"), [], { "training.rewardWeights.codes": 1 })).toMatchObject({
      code: 1,
      error: expect.stringContaining('Unrecognized key: "codes". Did you mean training.rewardWeights.code?'),
    });
    expect(existsSync(join(folder, "bad", "metrics.jsonl"))).toBe(false);
  });

  it("evaluates during training, keeps the best checkpoint, and resumes without evaluating twice", async () => {
    const output = join(folder, "evaluated");
    const recipe = write(
      "evaluated.json",
      JSON.stringify({
        data: { tasks: 4, tiers: { 1: 1 } },
        sampling: { alg: "threshold", threshold: 0.5, temperature: 1 },
        training: { maxSteps: 3, promptsPerStep: 1, numGenerations: 2, saveSteps: 1, learningRate: 1e-4, evalSteps: 2, loadBestModelAtEnd: true },
        evaluation: { dataset: "tinycode", data: { split: "dev", tiers: { 2: 1 }, tasks: 2 }, samplesPerTask: 2, steps: 2 },
      }),
    );
    const run = () => train(["coupled-grpo", "--model", model, "--output", output, "--config", recipe]);
    const { code, error } = await run();
    expect(code, error).toBe(0);
    const evaluations = linesOf(output).filter((line) => "evalPassAt1" in line);
    expect(evaluations.map(({ step }) => step)).toEqual([0, 2, 3]);
    expect(readdirSync(join(output, "evaluations")).toSorted()).toEqual(["0.jsonl", "2.jsonl", "3.jsonl"]);
    const best = JSON.parse(readFileSync(join(output, "checkpoint-best/best.json"), "utf8")) as { step: number; value: number };
    const values = evaluations.map(({ evalPassAt1 }) => evalPassAt1!);
    expect(best).toEqual({ step: evaluations[values.indexOf(Math.max(...values))]!["step"], metric: "evalPassAt1", value: Math.max(...values) });
    const weights = (path: string): Buffer => readFileSync(join(output, path, "model.safetensors"));
    expect(weights("model").equals(weights("checkpoint-best"))).toBe(true);
    expect(readFileSync(join(output, "events.out.tfevents.0")).includes("evalPassAt1")).toBe(true);
    expect(readFileSync(join(output, "report.html"), "utf8")).toContain('<title id="curve-evalPassAt1-title">evalPassAt1</title>');
    const before = readFileSync(join(output, "metrics.jsonl"), "utf8");
    expect(await run()).toMatchObject({ code: 0 });
    expect(readFileSync(join(output, "metrics.jsonl"), "utf8")).toBe(before);
  });
});
