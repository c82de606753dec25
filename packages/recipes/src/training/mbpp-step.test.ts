import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "@diffucoder/core";
import { createSandbox } from "@diffucoder/reward-sandbox";
import { afterAll, describe, expect, it } from "vitest";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";
import { hasPython, hasSharedBench, pythonNote, skipNote } from "../../../tasks/src/shared-data.fixture.ts";
import { CoupledGrpoRecipeSchema, runCoupledGrpo } from "./coupled-grpo.ts";
import { loadDiffusionModel } from "./load-diffusion-model.ts";

const folder = mkdtempSync(join(tmpdir(), "mbpp-step-"));
/** Nearly a token for each character of a prompt, and completions of 12. */
const model = makeTinyModel({ model: { maxPositionEmbeddings: 332 }, generationConfig: { promptLength: 320 } });
afterAll(() => {
  model.remove();
  rmSync(folder, { recursive: true });
});

/** What random weights write is no program, and earns nothing from MBPP's asserts: this tells completions apart, where there are asserts. */
const rewardFile = join(folder, "letters.mjs");
writeFileSync(
  rewardFile,
  `export default (samples) => samples.map(({ completion, task }) => /assert/.test(JSON.stringify(task)) ? completion.replace(/[^a-z]/g, "").length : null);`,
);

const recipe = parseConfig(CoupledGrpoRecipeSchema, {
  data: { dataset: "mbpp", tasks: 12 },
  sampling: { steps: 4, temperature: 1 },
  training: {
    maxSteps: 1,
    promptsPerStep: 2,
    numGenerations: 4,
    numIterations: 1,
    learningRate: 1e-3,
    weightDecay: 0, // only the gradient moves the weights
    rewardModules: [{ file: rewardFile }],
  },
});
const quiet = { fresh: false, signal: new AbortController().signal, onProgress: () => {} };

describe("train coupled-grpo on MBPP", () => {
  it.skipIf(!hasSharedBench || !hasPython)(`takes a step that changes the weights${skipNote}${pythonNote}`, async () => {
    const coder = await loadDiffusionModel(model.dir);
    const sandbox = await createSandbox();
    const output = join(folder, "run");
    const notes: string[] = [];
    const options = { coder, modelDir: model.dir, sandbox, output, ...quiet };
    const trained = await loadDiffusionModel(await runCoupledGrpo({ ...options, recipe, onNote: (note) => notes.push(note) }));
    sandbox.close();

    const [step, ...others] = readFileSync(join(output, "metrics.jsonl"), "utf8").trim().split("\n");
    expect(others).toEqual([]);
    const metrics = JSON.parse(step!) as Record<string, number>;
    expect(metrics).toMatchObject({ step: 1, infrastructureFailures: 0 });
    expect(metrics["rewards/letters"]).toBeGreaterThan(0);
    expect(metrics["gradNorm"]).toBeGreaterThan(0);
    expect(notes).toEqual(["mbpp: 242 of 254 tasks: only the first 12 are used, because tasks is 12."]);
    const moved = Object.entries(trained.parameters).filter(
      ([name, { data }]) => !data.every((value, i) => value === coder.parameters[name]!.data[i]),
    );
    expect(moved.map(([name]) => name)).toEqual(Object.keys(coder.parameters));
    await Promise.all([coder.close(), trained.close()]);
  });

  it.skipIf(!hasSharedBench || !hasPython)(`refuses a model for which every prompt is too long, by name${skipNote}${pythonNote}`, async () => {
    const short = makeTinyModel();
    const coder = await loadDiffusionModel(short.dir);
    const sandbox = await createSandbox();
    const options = { coder, modelDir: short.dir, sandbox, output: join(folder, "short"), ...quiet };
    await expect(runCoupledGrpo({ ...options, recipe, onNote: () => {} })).rejects.toThrow(
      "mbpp: no prompt fits this model's 48 tokens: Mbpp/601 (193), Mbpp/609 (141), Mbpp/613 (240), Mbpp/621 (215), Mbpp/634 (132) and 7 more. Give shorter prompts.",
    );
    await coder.close();
    sandbox.close();
    short.remove();
  });
});
