import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QuickstartResultSchema } from "@diffucoder/report";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasPython, set, tinyPretraining, tinyQuickstart, train } from "./run-train.fixture.ts";

let folder: string;
let model: string;

const quickstart = (output: string, ...more: string[]): string[] => ["quickstart", "--model", model, "--output", output, ...tinyQuickstart, ...more];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "train-cli-"));
  const { out } = await train(["pretrain", "--output", join(folder, "base"), "--json", ...tinyPretraining]);
  ({ model } = JSON.parse(out) as { model: string });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(hasPython)(`quickstart${hasPython ? "" : " (SKIPPED: there is no python3)"}`, () => {
  it("leaves a report, a result and a model, and shows them at once when started again", async () => {
    const output = join(folder, "whole");
    const first = await train(quickstart(output));
    expect(first).toMatchObject({ code: 0 });
    expect(first.out).toMatch(/pass@1 .* before, .* after: .* points \(95 % interval/);
    expect(readFileSync(join(output, "report.html"), "utf8")).toContain("DiffuCoder quickstart");
    const result = QuickstartResultSchema.parse(JSON.parse(readFileSync(join(output, "result.json"), "utf8")));
    expect(result).toMatchObject({ seed: 0, tasks: 4, samplesPerTask: 2 });
    expect(existsSync(join(output, "model", "model.safetensors"))).toBe(true);

    const again = await train(quickstart(output, "--json"));
    expect(again).toMatchObject({ code: 0, progress: "" });
    expect(JSON.parse(again.out)).toEqual(result);

    const evaluated = await train([
      "evaluate",
      "--model",
      join(output, "model"),
      "--output",
      join(folder, "evaluation"),
      "--json",
      ...set({ "data.tasks": 2, samplesPerTask: 2, steps: 2 }),
    ]);
    expect(JSON.parse(evaluated.out)).toMatchObject({ runs: [{ suites: [{ passAtK: [{ k: 1 }, { k: 2 }] }], infrastructureFailures: 0 }] });
  });

  it.each(["evaluate before", "coupled-GRPO", "evaluate after"])("resumes after a stop during %s and ends the same", async (phase) => {
    const [whole, stopped] = [join(folder, "uninterrupted"), join(folder, `stopped-${phase.replaceAll(" ", "-")}`)];
    await train(quickstart(whole));
    const first = await train(quickstart(stopped), { stopAt: `"${phase}"` });
    expect(first).toMatchObject({ code: 130, out: "" });
    expect(first.errors.at(-1)).toBe("Stopped. Progress is saved: run the same command to resume.");
    expect(await train(quickstart(stopped))).toMatchObject({ code: 0 });
    const files = ["before/eval-result.json", "after/generations-1.jsonl", "after/samples.jsonl", "model/model.safetensors"];
    for (const file of files) expect(readFileSync(join(stopped, file)).equals(readFileSync(join(whole, file))), file).toBe(true);
    const steps = readFileSync(join(stopped, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { step: number }).step);
    expect(steps).toEqual([1, 2, 3]);
  });

  it("does not mix a run with another, unless told to start over", async () => {
    const output = join(folder, "claimed");
    expect(await train(quickstart(output))).toMatchObject({ code: 0 });
    const other = await train(quickstart(output, "--set", "seed=5"));
    expect(other).toMatchObject({ code: 1, out: "" });
    expect(other.error).toBe(
      `${join(output, "run.json")}: belongs to a run with other settings: seed was 0, is 5. Run with the same settings and files to resume, give another folder with --output, or start over with --fresh.`,
    );
    expect((await train(quickstart(output, "--set", "seed=5", "--fresh", "--json"))).out).toContain('"seed": 5');
  });

  it("names a damaged checkpoint", async () => {
    const output = join(folder, "damaged");
    await train(quickstart(output), { stopAt: '"coupled-GRPO"' });
    truncateSync(join(output, "checkpoint.safetensors"), 1000);
    const { code, error } = await train(quickstart(output));
    expect(code).toBe(1);
    expect(error).toContain("checkpoint.safetensors");
    expect(error).not.toContain("    at ");
  });
});

describe("pretrain", () => {
  it("resumes after a stop and ends the same", async () => {
    const output = join(folder, "stopped-pretraining");
    const first = await train(["pretrain", "--output", output, ...tinyPretraining], { stopAt: '"step":1' });
    expect(first).toMatchObject({ code: 130, out: "", error: "Stopped. Progress is saved: run the same command to resume." });
    expect(await train(["pretrain", "--output", output, ...tinyPretraining])).toMatchObject({ code: 0 });
    for (const file of ["model/model.safetensors", "checkpoint.safetensors"]) {
      expect(readFileSync(join(output, file)).equals(readFileSync(join(folder, "base", file))), file).toBe(true);
    }
    expect(readFileSync(join(output, "metrics.csv"), "utf8")).toMatch(/^step,loss,gradNorm,learningRate,seconds\n1,.*\n2,.*\n3,.*\n$/);
  });

  it("lists every key that --set takes, and does nothing else", async () => {
    const output = join(folder, "printed");
    const { code, out, progress } = await train(["pretrain", "--output", output, "--print-config", "--set", "training.perDeviceTrainBatchSize=3"]);
    expect({ code, progress, made: existsSync(output) }).toEqual({ code: 0, progress: "", made: false });
    for (const key of ["model.hiddenSize", "data.promptLength", "training.saveSteps"]) expect(out).toContain(key);
    expect(out).toMatch(/training\.perDeviceTrainBatchSize +3 +--set/);
  });

  it.each(["pretrain", "adapt", "midtrain", "sft", "coupled-grpo", "evaluate", "quickstart"])(
    "says what each key of %s means, without a model",
    async (name) => {
      const { code, out } = await train([name, "--print-config", "--json"]);
      expect(code).toBe(0);
      const keys = JSON.parse(out) as { key: string; meaning?: string }[];
      expect(keys.length).toBeGreaterThan(5);
      expect(keys.filter(({ meaning = "" }) => meaning === "").map(({ key }) => key)).toEqual([]);
    },
  );

  it.each(["adapt", "midtrain", "sft"])("%s asks for the model to start from", async (name) => {
    const { code, error } = await train([name, "--output", join(folder, "none")]);
    expect({ code, error }).toEqual({
      code: 1,
      error: "--init must be the model to start from: a folder, or owner/name on Hugging Face's hub, got undefined.",
    });
  });
});

describe("pretrain --model", () => {
  it("continues from a model, whatever sizes the recipe has", async () => {
    const output = join(folder, "further");
    const settings = { "training.stages": [{ objective: "diffusion", maxSteps: 1 }], "training.learningRate": 1e-12 };
    const { code, error } = await train([
      "pretrain",
      "--init",
      model,
      "--output",
      output,
      ...set({ ...settings, "training.perDeviceTrainBatchSize": 2 }),
    ]);
    expect(code, error).toBe(0);
    const weights = (dir: string): Buffer => readFileSync(join(dir, "model.safetensors"));
    expect(weights(join(output, "model")).equals(weights(model))).toBe(true);
    expect(readFileSync(join(output, "report.html"), "utf8")).toContain("<h1>Pretraining</h1>");
  });
});

describe.runIf(hasPython)(`your own tasks${hasPython ? "" : " (SKIPPED: there is no python3)"}`, () => {
  const tasks = [
    { id: "sum", prompt: "Return the sum of xs.", entry_point: "f", tests: [[[[1, 2]], 3]] },
    { id: "endless", prompt: "Return the sum of xs. ".repeat(20), entry_point: "f", tests: [[[[1, 2]], 3]] },
    { id: "max", prompt: "Return the maximum of xs.", entry_point: "f", tests: [[[[1, 2]], 2]], hidden_tests: [[[[5]], 5]] },
  ];
  const taskFile = (): string => {
    const path = join(folder, "own-tasks.jsonl");
    writeFileSync(path, tasks.map((task) => `${JSON.stringify(task)}\n`).join(""));
    return path;
  };

  it("are evaluated; those that are too long are named", async () => {
    const path = taskFile();
    const { code, out, errors } = await train([
      "evaluate",
      "--model",
      model,
      "--output",
      join(folder, "own"),
      "--json",
      "--data",
      path,
      ...set({ samplesPerTask: 1, steps: 2 }),
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ runs: [{ suites: [{ passAtK: [{ k: 1, tasks: 2 }] }] }] });
    expect(errors.filter((line) => !line.startsWith("The sandbox runs with"))).toEqual([]);
    const [{ leftOut }] = (JSON.parse(out) as { runs: [{ leftOut: unknown[] }] }).runs;
    expect(leftOut).toContainEqual({ where: "endless", reason: expect.stringMatching(/^The conversation has \d+ tokens/) as string });
  });

  it("give rewards", async () => {
    const settings = {
      "training.maxSteps": 1,
      "training.promptsPerStep": 2,
      "training.numGenerations": 2,
      "sampling.steps": 2,
    };
    const { code, errors } = await train([
      "coupled-grpo",
      "--model",
      model,
      "--output",
      join(folder, "own-rewards"),
      "--data",
      taskFile(),
      ...set(settings),
    ]);
    expect(code).toBe(0);
    expect(errors.join()).toContain("endless");
  });
});

describe("bad input", () => {
  it("names every unknown key and bad value before any work starts", async () => {
    const { code, error, progress } = await train([
      "quickstart",
      "--output",
      join(folder, "bad"),
      "--set",
      "training.learningRat=1",
      "--set",
      "evaluation.data.tasks=many",
      "--set",
      "sed=1",
    ]);
    expect({ code, progress }).toEqual({ code: 1, progress: "" });
    for (const name of ["learningRat", "evaluation.data.tasks", "sed"]) expect(error).toContain(name);
  });

  it("names a config file that is missing or not JSON", async () => {
    const path = join(folder, "config.json");
    expect((await train(["pretrain", "--config", path])).error).toContain(`${path}: no such file`);
    writeFileSync(path, "{");
    expect((await train(["pretrain", "--config", path])).error).toContain(`${path}: not valid JSON`);
  });

  it("names the line of a dataset that is not JSON", async () => {
    const path = join(folder, "tasks.jsonl");
    writeFileSync(path, "{}\n");
    const evaluate = () => train(["evaluate", "--model", model, "--output", join(folder, "from-file"), "--data", path]);
    expect((await evaluate()).errors.at(-1)).toBe(
      `${path}: has no usable task: line 1: id: must be a string or a number. docs/task-format.md shows the format.`,
    );
    writeFileSync(path, "not json\n");
    const { code, error } = await evaluate();
    expect(code).toBe(1);
    expect(error).toContain(`${path}: has no usable task: line 1: not JSON (`);
  });

  it.each(["coupled-grpo", "evaluate", "quickstart"])("names a Python that is not there, to %s", async (command) => {
    const { code, errors } = await train([command, "--model", model, "--output", join(folder, `python-${command}`), "--python", "/nowhere/python3"]);
    expect([code, ...errors]).toEqual([1, 'python must be the path of Python 3.9 or newer, got "/nowhere/python3". There is no such file.']);
  });

  it("names a model that is not there", async () => {
    const { code, error } = await train(["evaluate", "--model", join(folder, "nowhere"), "--output", join(folder, "never")]);
    expect(code).toBe(1);
    expect(error).toContain("nowhere");
  });

  it("refuses to go on with a checkpoint of other settings", async () => {
    const { code, error } = await train(["pretrain", "--output", join(folder, "base"), ...tinyPretraining, "--set", "training.learningRate=1"]);
    expect(code).toBe(1);
    expect(error).toBe(
      `${join(folder, "base", "run.json")}: belongs to a run with other settings: training.learningRate was 0.002, is 1. Run with the same settings and files to resume, give another folder with --output, or start over with --fresh.`,
    );
  });

  it("explains an unknown command and an unknown option", async () => {
    expect((await train(["quikstart"])).error).toContain("quickstart");
    expect(await train(["pretrain", "--ouput", "x"])).toMatchObject({ code: 1 });
  });
});
