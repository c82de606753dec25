// Coupled-GRPO on tasks of your own, from a file with a task a line: docs/task-format.md says what a line may hold.
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoupledGrpoRecipeSchema, loadDiffusionModel, runCoupledGrpo } from "@diffucoder/recipes";
import { createSandbox } from "@diffucoder/reward-sandbox";
import { bundledModelDir } from "diffucoder";

const output = mkdtempSync(join(tmpdir(), "own-tasks-"));
const dataset = join(output, "tasks.jsonl");
const tasks = [
  {
    id: "sum",
    prompt: "Return the sum of the elements of xs.",
    entry_point: "f",
    tests: [
      [[[1, 2]], 3],
      [[[]], 0],
    ],
  },
  {
    id: "even",
    prompt: "Return the elements of xs that are even.",
    entry_point: "f",
    tests: [
      [[[1, 2, 4]], [2, 4]],
      [[[3]], []],
    ],
  },
];
writeFileSync(dataset, tasks.map((task) => `${JSON.stringify(task)}\n`).join(""));

const modelDir = bundledModelDir();
const coder = await loadDiffusionModel(modelDir);
const sandbox = await createSandbox({ workers: 2 });
await runCoupledGrpo({
  recipe: CoupledGrpoRecipeSchema.parse({
    data: { dataset },
    sampling: { steps: 12, temperature: 1 },
    training: { maxSteps: 2, promptsPerStep: 2, numGenerations: 4, numIterations: 1, learningRate: 1e-4 },
  }),
  coder,
  modelDir,
  sandbox,
  output,
  fresh: false,
  signal: new AbortController().signal,
  onProgress: ({ step, total, metrics }) => console.log(`step ${step} of ${total}: reward ${metrics?.["reward"]?.toFixed(2)}`),
  onNote: console.log,
});
sandbox.close();
await coder.close();
console.log(`The trained model: ${existsSync(join(output, "model/model.safetensors"))}`);
