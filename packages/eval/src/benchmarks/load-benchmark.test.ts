import { describe, expect, it } from "vitest";
import { hasSharedBench, skipNote, testFolders } from "../shared-data.fixture.ts";
import { loadBenchmark } from "./load-benchmark.ts";

const folders = testFolders();

it("names the benchmarks that there are", async () => {
  await expect(loadBenchmark("humaneva", { folders })).rejects.toThrow(
    'dataset must be one of humaneval, humaneval+, mbpp, mbpp+, infilling-single-line, infilling-multi-line, infilling-random-span, infilling-random-span-light, multipl-e-js, multipl-e-ts, bigcodebench, got "humaneva".',
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
    const { problems } = await loadBenchmark(name, { folders });
    expect(problems).toHaveLength(count);
    for (const { id, entryPoint, test } of problems) {
      expect([id, /^\w+$/.test(entryPoint)]).toEqual([id, true]);
      expect([id, test.kind === "calls" ? test.base.length > 0 : test.tests.length > 0]).toEqual([id, true]);
    }
  });

  it("turns MBPP+'s lists into what the functions take", async () => {
    const { problems } = await loadBenchmark("mbpp+", { folders });
    const first = (id: string) => problems.flatMap(({ id: other, test }) => (other === id && test.kind === "calls" ? [test.base[0]] : []))[0];
    expect(first("Mbpp/2")).toEqual([{ tuple: [3, 4, 5, 6] }, { tuple: [5, 7, 4, 10] }]);
    expect(first("Mbpp/124")).toEqual([{ float: "0" }, { complex: ["0.0", "1"] }]);
    expect(first("Mbpp/580")).toEqual([{ tuple: [4, 5, { tuple: [7, 6, { tuple: [2, 4] }] }, 6, 8] }]);
  });
});
