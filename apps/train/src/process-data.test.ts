import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundledModelDir } from "diffucoder";
import { afterAll, describe, expect, it } from "vitest";
import { hasPython, set, train } from "./run-train.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "process-data-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const lines = (name: string, ...values: unknown[]): string => {
  const path = join(folder, name);
  writeFileSync(path, values.map((value) => `${JSON.stringify(value)}\n`).join(""));
  return path;
};
const processData = (input: string, output: string, more: readonly string[] = [], stop: { stopAt?: string } = {}) =>
  train(["process-data", "--input", input, "--output", join(folder, output), ...set({ benchmarks: [] }), ...more], stop);

describe("process-data", () => {
  it("says what stays and what does not", async () => {
    const { code, out } = await processData(lines("texts.jsonl", { text: "x = 1" }, { text: "x  = 1" }, { text: "y = 2" }), "texts");
    expect([code, out]).toEqual([
      0,
      `2 of 3 lines stay; left out:\n         1 duplicate\n${join(folder, "texts")}: data.jsonl, left-out.jsonl, report.json`,
    ]);
  });

  it("gives one sentence for bad input", async () => {
    const texts = lines("some.jsonl", { text: "x = 1" });
    const refused = async (more: string[], sentence: string, input = texts): Promise<void> =>
      // Without bubblewrap or Python, what the sandbox runs with is said before.
      expect(await processData(input, "refused", more)).toMatchObject({ code: 1, error: expect.stringContaining(sentence) });
    await refused(["--judge", bundledModelDir()], `${texts}: holds no tasks, so nothing can be judged. Leave out --judge.`);
    await refused(set({ maxtokens: 5 }), 'Invalid settings:\n  - Unrecognized key: "maxtokens". Did you mean maxTokens?');
    await refused([], `${join(folder, "none.jsonl")}: no such file.`, join(folder, "none.jsonl"));
    await refused(["--judge", folder], `${join(folder, "none.jsonl")}: no such file.`, join(folder, "none.jsonl"));
  });

  it.runIf(hasPython)(`says which limits no task meets${hasPython ? "" : " (SKIPPED: there is no python3)"}`, async () => {
    const tasks = ["a", "b"].map((id) => ({ id, prompt: `Return ${id}.`, entry_point: "f", tests: [[[], id]] }));
    const input = lines("unmet.jsonl", ...tasks);
    mkdirSync(join(folder, "unmet"));
    // Samples and pass rates of an earlier run: means 0 and 0.75, standard deviations 0 and 0.25.
    const samples = tasks.flatMap(({ id: taskId }) => [0, 1].map((sampleIndex) => ({ taskId, sampleIndex, text: "" })));
    lines("unmet/samples-1.jsonl", ...samples);
    lines("unmet/pass-rates-1.jsonl", [1, 0], [2, 0], [3, 1], [4, 0.5]);
    expect(await processData(input, "unmet", ["--judge", bundledModelDir(), ...set({ "difficulty.samplesPerTask": 2 })])).toMatchObject({
      code: 1,
      error: expect.stringContaining(
        `${input}: no line is left: 2 difficulty. No task has a mean pass rate of at most 0.150 (percentile 20) and a standard deviation of at least ` +
          "0.100 (percentile 40): raise difficulty.meanPercentile or lower difficulty.stdPercentile.",
      ),
    });
  });

  it.runIf(hasPython)(
    `judges tasks by samples, and after a stop ends with the same files${hasPython ? "" : " (SKIPPED: there is no python3)"}`,
    async () => {
      const task = (id: string, prompt: string, expected: (xs: number[]) => unknown) => ({
        id,
        prompt,
        entry_point: "f",
        tests: [[1, 2, 3], [], [4, -6]].map((xs) => [[xs], expected(xs)]),
      });
      const input = lines(
        "tasks.jsonl",
        task("sum", "Return the sum of the elements of xs.", (xs) => xs.reduce((a, b) => a + b, 0)),
        task("reversed", "Return the elements of xs, reversed.", (xs) => xs.toReversed()),
        task("never", "Return the elements of xs, doubled.", () => "nothing returns this"),
        { id: "hidden", prompt: "Return xs.", entry_point: "f", hidden_tests: [[[[1]], [1]]] },
      );
      const judging = [
        "--json",
        "--judge",
        bundledModelDir(),
        ...set({ "difficulty.samplesPerTask": 2, "difficulty.batchSize": 2, "difficulty.meanPercentile": 60 }),
      ];
      const whole = await processData(input, "whole", judging);
      expect(whole).toMatchObject({ code: 0 });
      const report = JSON.parse(whole.out) as { kept: number; leftOut: Record<string, number>; limits: object };
      expect(report).toMatchObject({
        lines: 4,
        leftOut: { "not judged": 1 },
        limits: { mean: expect.any(Number) as number, std: expect.any(Number) as number },
      });
      expect(await processData(input, "stopped", judging, { stopAt: "judge 1" })).toMatchObject({ code: 130 });
      const samples = (): string => readFileSync(join(folder, "stopped", "samples-1.jsonl"), "utf8");
      const before = samples();
      expect(before.trim().split("\n").length).toBeLessThan(6);
      expect(JSON.parse((await processData(input, "stopped", judging)).out)).toEqual(report);
      expect(samples().startsWith(before)).toBe(true);
      for (const name of ["data.jsonl", "left-out.jsonl", "samples-1.jsonl", "pass-rates-1.jsonl"])
        expect(readFileSync(join(folder, "stopped", name), "utf8")).toBe(readFileSync(join(folder, "whole", name), "utf8"));
    },
    300_000, // on a busy machine
  );
});
