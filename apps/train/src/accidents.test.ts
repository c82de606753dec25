// What docs/accidents.md says of damaged checkpoints, rewards that fail or teach nothing, and training that diverges.
import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasPython, set, tinyPretraining, train } from "./run-train.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "train-accidents-"));
const model = join(folder, "pretrain", "model");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const outage = join(folder, "outage");
const reward = join(folder, "reward.mjs");
writeFileSync(
  reward,
  `import { existsSync } from "node:fs";\nexport default (samples) => samples.map(() => (existsSync(${JSON.stringify(outage)}) ? null : 1));\n`,
);
const steps = { "training.perDeviceTrainBatchSize": 2, "training.saveSteps": 1, "training.saveTotalLimit": 2, "training.warmupSteps": 0 };
const settings = {
  pretrain: tinyPretraining,
  sft: ["--init", model, ...set({ ...steps, "training.stages.0.maxSteps": 3 })],
  "coupled-grpo": [
    "--model",
    model,
    ...set({
      "data.tasks": 4,
      "data.tiers": { 1: 1 },
      "training.maxSteps": 2,
      "training.promptsPerStep": 1,
      "training.numGenerations": 2,
      "training.saveSteps": 1,
      "training.rewardWeights": { code: 0, code_format: 0 },
      "training.rewardModules": [{ file: reward }],
      "sampling.steps": 2,
    }),
  ],
};
type Command = keyof typeof settings;
const commands = (Object.keys(settings) as Command[]).filter((name) => name !== "coupled-grpo" || hasPython);
const run = (command: Command, output: string = command) => train([command, "--output", join(folder, output), ...settings[command]]);
const bytesOf = (...path: string[]): Buffer => readFileSync(join(folder, ...path));

beforeAll(async () => {
  for (const command of commands) {
    const { code, error } = await run(command);
    if (code !== 0) throw new Error(error);
  }
}, 120_000);

const copyOf = (command: Command, accident: string): string => {
  cpSync(join(folder, command), join(folder, `${command}-${accident}`), { recursive: true });
  return `${command}-${accident}`;
};

describe("a checkpoint that was damaged", () => {
  const accidents: [string, string, (path: string) => void][] = [
    ["cut off", "truncated, its tensors take", (path) => truncateSync(path, 10_000)],
    [
      "changed by one bit",
      "is damaged: its checksum is not that of what was saved.",
      (path) => {
        const bytes = readFileSync(path);
        bytes[bytes.length - 1000]! ^= 1;
        writeFileSync(path, bytes);
      },
    ],
  ];
  for (const command of commands)
    it.each(accidents)(`${command}: %s, is refused with the ways to go on`, async (accident, problem, damage) => {
      const output = copyOf(command, accident.replaceAll(" ", "-"));
      const path = join(folder, output, "checkpoint.safetensors");
      damage(path);
      const { code, errors } = await run(command, output);
      const error = errors.at(-1)!;
      const copy = command === "sft" ? `copy ${join(folder, output, "checkpoint-3", "checkpoint.safetensors")} over it, or ` : "";
      expect([code, error.slice(0, path.length + 2 + problem.length)]).toEqual([1, `${path}: ${problem}`]);
      expect(error.endsWith(` To go on, ${copy}start over with --fresh.`), error).toBe(true);
    });

  it("sft goes on from a kept one that takes its place, and where there is none begins again and says so, to the same end", async () => {
    const output = copyOf("sft", "replaced");
    const path = join(folder, output, "checkpoint.safetensors");
    copyFileSync(join(folder, output, "checkpoint-2", "checkpoint.safetensors"), path);
    expect(await run("sft", output)).toMatchObject({ code: 0, errors: [] });
    expect(readFileSync(path).equals(bytesOf("sft", "checkpoint.safetensors"))).toBe(true);
    rmSync(path);
    expect(await run("sft", output)).toMatchObject({ code: 0, error: `${path}: no such file, so the run starts again at its first step.` });
    for (const file of ["checkpoint.safetensors", "model/model.safetensors"])
      expect(bytesOf(output, file).equals(bytesOf("sft", file)), file).toBe(true);
  });
});

describe.runIf(hasPython)(`rewards of coupled-grpo${hasPython ? "" : " (SKIPPED: there is no python3)"}`, () => {
  it("that are all equal teach nothing, and a figure says so", () => {
    const lines = bytesOf("coupled-grpo", "metrics.jsonl").toString().trim().split("\n");
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ reward: 1, informativeGroups: 0, gradNorm: 0 });
  });

  it("that are all missing stop the run; it goes on to the same end when they are back", async () => {
    writeFileSync(outage, "");
    const { code, errors } = await run("coupled-grpo", "outage-run");
    rmSync(outage);
    expect([code, errors.at(-1)]).toEqual([
      1,
      "No completion of step 1 could be scored: the sandbox or the reward function does not work. The last checkpoint is intact; run again to resume from it.",
    ]);
    expect(existsSync(join(folder, "outage-run", "model"))).toBe(false);
    expect((await run("coupled-grpo", "outage-run")).code).toBe(0);
    for (const file of ["checkpoint.safetensors", "model/model.safetensors"])
      expect(bytesOf("outage-run", file).equals(bytesOf("coupled-grpo", file)), file).toBe(true);
  });
});

describe("training that diverges", () => {
  it("stops with the state from before, and says that it would do so again", async () => {
    const output = join(folder, "diverged");
    const diverging = [
      "sft",
      "--output",
      output,
      "--init",
      model,
      ...set({ ...steps, "training.stages.0.maxSteps": 40, "training.saveTotalLimit": 1, "training.learningRate": 1000 }),
    ];
    const first = await train(diverging);
    expect(first.error).toMatch(
      /^Training diverged at step \d+ \(instruction_tuning\): loss \S+, gradient norm \S+\.( The gradient is not finite in .*\.)? The step was not taken, and would end like this again: train with a lower learningRate\.$/,
    );
    expect(await train(diverging)).toMatchObject({ code: 1, error: first.error });
    expect((await train([...diverging, ...set({ "training.learningRate": 1e-3 })])).error).toContain("training.learningRate was 1000, is 0.001.");
  });
});
