// What a person may get wrong on the command line of `train`: one sentence each, before any work, and nothing is left behind.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "@diffucoder/core";
import { CoupledGrpoRecipeSchema, recipeFile } from "@diffucoder/recipes";
import { afterAll, describe, expect, it } from "vitest";
import { train } from "./run-train.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "train-bad-input-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const aFile = file("a-file", "hello");
const aFolder = join(folder, "a-folder");
mkdirSync(aFolder);

/** Runs a command and gives its error, with F for the folder of the test. */
const errorOf = async (...args: string[]): Promise<string> => {
  const output = args.includes("--output") ? [] : ["--output", join(folder, "run")];
  const { code, error } = await train([...args, ...output]);
  expect(code).toBe(1);
  expect(existsSync(join(folder, "run", "run.json"))).toBe(false);
  return error.replaceAll(folder, "F");
};

describe("paths", () => {
  it.each([
    ['--output must be a path or a name, got "".', ["pretrain", "--output", ""]],
    ['--config must be a path or a name, got "".', ["pretrain", "--config", ""]],
    ['--model must be a path or a name, got "".', ["quickstart", "--model", ""]],
    ['--data must be a path or a name, got "".', ["evaluate", "--data", ""]],
    ['--python must be a path or a name, got "".', ["coupled-grpo", "--python", ""]],
    ["F/a-folder: is a folder, expected a file.", ["pretrain", "--config", aFolder]],
    ["F/a-file: not valid JSON (Unexpected token 'h', \"hello\" is not valid JSON).", ["pretrain", "--config", aFile]],
    ["F/array.json: must hold a JSON object.", ["pretrain", "--config", file("array.json", "[1]")]],
    ["F/empty.json: is empty; expected a JSON object.", ["pretrain", "--config", file("empty.json", "")]],
    ["F/nowhere.json: no such file.", ["pretrain", "--config", join(folder, "nowhere.json")]],
    ["F/a-file: is not a folder.", ["pretrain", "--init", aFile]],
    ["F/a-folder/config.json: no such file.", ["coupled-grpo", "--model", aFolder]],
    [
      "F/a-file: cannot be written to (EEXIST: file already exists, mkdir 'F/a-file'). Give another folder with --output.",
      ["pretrain", "--output", aFile],
    ],
  ])("%s", async (error, args) => {
    expect(await errorOf(...args)).toBe(error);
  });

  it("a run of another version is named as one, and left as it is", async () => {
    const old = join(folder, "old");
    mkdirSync(old);
    for (const [name, text] of [
      ["run.json", '{"format":9}'],
      ["checkpoint.safetensors", "x"],
    ] as const)
      writeFileSync(join(old, name), text);
    expect(await errorOf("pretrain", "--output", old)).toBe(
      "F/old/run.json: was made by another version: its run format is 9, this version reads 1. Resume with the version that made it, give another folder with --output, or start over with --fresh.",
    );
    expect(readFileSync(join(old, "checkpoint.safetensors"), "utf8")).toBe("x");
  });
});

describe("settings", () => {
  const recipes = { pretrain: "tinycode-base", "coupled-grpo": "coupled-grpo", evaluate: "evaluate", quickstart: "quickstart" };
  it.each([
    ["pretrain", "data.tiers={}", "data.tiers: expected a tier with a share above 0"],
    ["pretrain", 'data.tiers={"2":0}', "data.tiers: expected a tier with a share above 0"],
    ["pretrain", 'data.tiers={"9":1}', "data.tiers: expected tiers from 1 to 4"],
    ["pretrain", "data.promptLength=1e9", "data.promptLength: must be at most 131072, got 1000000000"],
    ["pretrain", "training.stages=[]", "training.stages: must have at least 1 item, got 0"],
    ["pretrain", "training.stages.0.blockLength=3", 'training.stages.0: Unrecognized key: "blockLength"'],
    ["pretrain", "training.learningRat=1", 'training: Unrecognized key: "learningRat". Did you mean training.learningRate?'],
    ["pretrain", "training.learningRate=NaN", 'training.learningRate: must be a number, got "NaN"'],
    ["pretrain", "training.learningRate=1e300", "training.learningRate: must be at most 1000, got 1e+300"],
    ["pretrain", "training.adamBeta2=1", "training.adamBeta2: must be less than 1, got 1"],
    ["pretrain", "training.weightDecay=1e300", "training.weightDecay: must be at most 1000, got 1e+300"],
    ["pretrain", "training.seed=-1", "training.seed: must be at least 0, got -1"],
    ["pretrain", "evaluation.examples=0", "evaluation.examples: must be greater than 0, got 0"],
    ["coupled-grpo", "training.adamBeta1=1", "training.adamBeta1: must be less than 1, got 1"],
    ["coupled-grpo", "training.beta=1e308", "training.beta: must be at most 1000, got 1e+308"],
    ["coupled-grpo", "training.metricForBestModel=best", "training.metricForBestModel: expected evalPassAtK, e.g. evalPassAt1"],
    ["coupled-grpo", "training.rewardWeights.code=1e308", "training.rewardWeights.code: must be at most 1000000, got 1e+308"],
    ["coupled-grpo", "training.rewardWeights.code=-1", "training.rewardWeights.code: must be at least 0, got -1"],
    ["coupled-grpo", "training.rewardWeights.cod=1", 'training.rewardWeights: Unrecognized key: "cod". Did you mean training.rewardWeights.code?'],
    [
      "coupled-grpo",
      "training.loadBestModelAtEnd=true",
      "training: loadBestModelAtEnd needs evalSteps: only an evaluation can tell which checkpoint is the best",
    ],
    [
      "coupled-grpo",
      "training.estimatorOptions.numMc=4",
      "training.estimatorOptions.numMc: is no option of the estimator coupled, which has only parts, lambda, weights, compat",
    ],
    [
      "coupled-grpo",
      'training.rewardWeights={"code":0,"code_format":0}',
      "training: all rewards have weight 0: every completion would earn 0, and nothing would be learned",
    ],
    ["coupled-grpo", "evaluation.samplesPerTask=1e9", "evaluation.samplesPerTask: must be at most 100000, got 1000000000"],
    ["evaluate", "idRange=5", "idRange: must be a list, got 5"],
    ["evaluate", "idRange=[5,5]", "idRange: must be [from, to) with from below to"],
    ["evaluate", "ks=[0]", "ks.0: must be greater than 0, got 0"],
    ["quickstart", "evaluation.samplesPerTask=0", "evaluation.samplesPerTask: must be greater than 0, got 0"],
    ["quickstart", "sampling.cfgScale=1e30", "sampling.cfgScale: must be at most 1000, got 1e+30"],
  ] as const)("%s with %s", async (command, setting, problem) => {
    expect(await errorOf(command, "--set", setting)).toBe(`Invalid recipe ${recipes[command]}:\n  - ${problem}`);
  });

  it.each([
    ["-1", "must be at least 0, got -1"],
    ["65", "must be at most 64, got 65"],
    ["some", 'must be a number, got "some"'],
  ])("--max-staleness %s", async (steps, problem) => {
    expect(await errorOf("coupled-grpo", "--max-staleness", steps)).toBe(`Invalid recipe coupled-grpo:\n  - training.maxStaleness: ${problem}`);
  });

  it.each([
    ["evaluation.ks=[50]", "evaluation.ks: expected none above samplesPerTask, 4: pass@k needs k samples"],
    ["training.metricForBestModel=evalPassAt7", "training.metricForBestModel: expected a figure of this run's evaluations: evalPassAt1, evalPassAt4"],
  ])("of evaluations during training are refused before the run, and not at its first evaluation: %s", async (setting, problem) => {
    const error = await errorOf("coupled-grpo", "--set", "training.evalSteps=5", "--set", setting);
    expect(error).toBe(`Invalid recipe coupled-grpo:\n  - ${problem}`);
  });

  it("are refused by --print-config as by the command", async () => {
    expect(await errorOf("pretrain", "--print-config", "--set", "data.tiers={}")).toBe(
      "Invalid recipe tinycode-base:\n  - data.tiers: expected a tier with a share above 0",
    );
  });

  it.each(["", "=", "=1", ".=1", "x", "__proto__.x=1"])('--set "%s" is no setting', async (setting) => {
    expect(await errorOf("pretrain", "--set", setting)).toBe(`--set must be of the form key=value, got ${JSON.stringify(setting)}.`);
  });

  it("of the held-out evaluation of coupled-grpo can be changed one by one: the recipe has those that a recipe without them gets", () => {
    const { evaluation, ...recipe } = JSON.parse(readFileSync(recipeFile("coupled-grpo"), "utf8")) as Record<string, unknown>;
    const parse = (data: object) => parseConfig(CoupledGrpoRecipeSchema, data).evaluation;
    expect(parse({ ...recipe, evaluation })).toEqual(parse(recipe));
  });
});
