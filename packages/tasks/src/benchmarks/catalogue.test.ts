import { describe, expect, it } from "vitest";
import { hasSharedBench, skipNote, testFolders } from "../shared-data.fixture.ts";
import { loadTasks, loadTrainingTasks } from "../load-tasks.ts";

const folders = testFolders();
const load = (dataset: string) => loadTasks({ dataset, folders, use: "evaluation" });

it("names the datasets that there are", async () => {
  await expect(load("humaneva")).rejects.toThrow(
    'dataset must be one of tinycode, tinycode-full, humaneval, humaneval+, mbpp, mbpp+, infilling-single-line, infilling-multi-line, infilling-random-span, infilling-random-span-light, multipl-e-js, multipl-e-ts, bigcodebench, or the path of a file of JSON lines, got "humaneva".',
  );
});

describe.runIf(hasSharedBench)(`the benchmarks${skipNote}`, () => {
  it.each([
    ["humaneval", 164],
    ["humaneval+", 164],
    ["mbpp", 427],
    ["mbpp+", 378],
    ["infilling-single-line", 1033],
    ["infilling-multi-line", 5815],
    ["infilling-random-span", 1640],
    ["infilling-random-span-light", 164],
    ["multipl-e-js", 161],
    ["multipl-e-ts", 159],
    ["bigcodebench", 1140],
  ])("%s has %i tasks, each with an entry point and tests", async (name, count) => {
    const { tasks } = await load(name);
    expect(tasks).toHaveLength(count);
    for (const { id, entryPoint = "", hidden, visible } of tasks) {
      expect([id, /^\w+$/.test(entryPoint), visible]).toEqual([id, true, undefined]);
      expect([id, hidden?.kind === "reference" ? hidden.base.length > 0 : hidden?.kind === "code" && hidden.tests.length > 0]).toEqual([id, true]);
    }
  });

  it("turns MBPP+'s lists into what the functions take", async () => {
    const { tasks } = await load("mbpp+");
    const first = (id: string) => tasks.flatMap(({ id: other, hidden }) => (other === id && hidden?.kind === "reference" ? [hidden.base[0]] : []))[0];
    expect(first("Mbpp/2")).toEqual([{ tuple: [3, 4, 5, 6] }, { tuple: [5, 7, 4, 10] }]);
    expect(first("Mbpp/124")).toEqual([{ float: "0" }, { complex: ["0.0", "1"] }]);
    expect(first("Mbpp/580")).toEqual([{ tuple: [4, 5, { tuple: [7, 6, { tuple: [2, 4] }] }, 6, 8] }]);
  });

  it("train on the part of MBPP that was published for it, without the tasks that mbpp and mbpp+ evaluate", async () => {
    const { tasks, title } = await loadTrainingTasks({ dataset: "mbpp", folders });
    expect([title, tasks.length]).toEqual(["MBPP sanitized, train", 254]);
    const evaluated = new Set([...(await load("mbpp")).tasks, ...(await load("mbpp+")).tasks].map(({ id }) => id));
    expect(tasks.filter(({ id }) => evaluated.has(id))).toEqual([]);
    const numbers = tasks.map(({ id }) => Number(id.slice("Mbpp/".length)));
    expect([Math.min(...numbers), Math.max(...numbers)]).toEqual([601, 974]);
    for (const { visible, hidden } of tasks) expect([visible.kind === "code" && visible.tests.length, hidden]).toEqual([3, undefined]);
  });

  it.each(["humaneval", "humaneval+", "mbpp+", "infilling-single-line", "multipl-e-js", "bigcodebench"])("never train on %s", async (dataset) => {
    await expect(loadTrainingTasks({ dataset, folders })).rejects.toThrow(
      `split must be "test" for ${dataset}, got "train". It has no tests that were published to be trained on.`,
    );
    await expect(loadTrainingTasks({ dataset, folders, data: { split: "test" } })).rejects.toThrow(
      `${dataset}: has no task with tests that rewards may see. Hidden tests, and those of a benchmark, are for evaluation alone.`,
    );
  });
});
