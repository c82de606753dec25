import { createSandbox } from "@diffucoder/reward-sandbox";
import { loadTasks } from "@diffucoder/tasks";
import { describe, expect, it } from "vitest";
import type { KeptSample } from "./drawing/draw-samples.ts";
import { evaluate, type EvaluateOptions } from "./evaluate.ts";
import type { ProgramScore } from "./scoring/score-program.ts";
import { hasPython, pythonNote, testFolders } from "../../tasks/src/shared-data.fixture.ts";

const folders = testFolders();

describe.runIf(hasPython)(`evaluate${pythonNote}`, () => {
  it("scores a model that solves every other TinyCode task by hidden tests, and resumes where it was", async () => {
    const taskSet = await loadTasks({ dataset: "tinycode", folders, use: "evaluation", data: { tasks: 6, tiers: { 2: 1 } } });
    const sandbox = await createSandbox({ workers: 2 });
    const solved = new Set(taskSet.tasks.filter((_, i) => i % 2 === 0).map(({ id }) => id));
    const [samples, scores]: [KeptSample[], [string, ProgramScore][]] = [[], []];
    const options: EvaluateOptions = {
      taskSet,
      samplesPerTask: 2,
      batchSize: 4,
      postProcessor: "fence",
      sandbox,
      cacheFolder: folders.cache,
      concurrency: 2,
      seed: 1,
      ks: [1, 2],
      generate: async (requests) =>
        requests.map(({ task, sampleIndex }) => ({
          text: `\`\`\`python\n${solved.has(task.id) && sampleIndex === 0 ? task.solution : "def f(xs): return None"}\n\`\`\`\n`,
        })),
      onSample: (sample) => samples.push(sample),
      onScore: (key, score) => scores.push([key, score]),
    };
    const result = await evaluate(options);
    // 3 of 6 tasks with one right sample of two: pass@1 1/4, pass@2 1/2
    expect(result.suites[0]?.passAtK.map(({ k, estimate, tasks }) => [k, estimate, tasks])).toEqual([
      [1, 0.25, 6],
      [2, 0.5, 6],
    ]);
    expect(result).toMatchObject({ leftOut: [], infrastructureFailures: 0, tasks: { all: 6, scored: 6 } });
    const again = await evaluate({
      ...options,
      batchSize: 3,
      finishedSamples: samples.slice(0, 5),
      finishedScores: new Map(scores.slice(0, 3)),
    });
    expect(again).toEqual(result);
    sandbox.close();
  });
});
