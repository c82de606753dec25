import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "@diffucoder/core";
import { WordGrams } from "@diffucoder/tasks";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { recipeFile } from "../recipe-file.ts";
import { lineFilter } from "./line-filter.ts";
import { processData, type ProcessDataOptions, PROCESSED } from "./process-data.ts";
import { ProcessDataConfigSchema } from "./process-data-config.ts";

const folder = mkdtempSync(join(tmpdir(), "process-data-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const lines = (...values: unknown[]): string => {
  const path = join(folder, `${count++}.jsonl`);
  writeFileSync(path, values.map((value) => `${typeof value === "string" ? value : JSON.stringify(value)}\n`).join(""));
  return path;
};
const run = (input: string, settings: object = {}, more: Partial<ProcessDataOptions> = {}) => {
  const output = join(folder, `run-${count++}`);
  const config = parseConfig(ProcessDataConfigSchema, { benchmarks: [], ...settings }, { source: "settings" });
  const done = processData({
    config,
    input,
    output,
    tokenizerFile: recipeFile("tokenizer"),
    onProgress: () => {},
    onNote: () => {},
    signal: new AbortController().signal,
    ...more,
  });
  return { done, read: (name: keyof typeof PROCESSED) => readFileSync(join(more.output ?? output, PROCESSED[name]), "utf8"), output };
};

describe("processData", () => {
  it("leaves out bad lines, copies and lines of the wrong length, and says so by line", async () => {
    const input = lines({ text: "x = 1" }, "{", { text: "x  =\n1 " }, { text: "y" }, { text: "a long line ".repeat(20) }, ' {"text": "z = 2"}');
    const { done, read } = run(input, { minTokens: 2, maxTokens: 50 });
    const report = await done;
    expect(report).toMatchObject({ lines: 6, kept: 2, leftOut: { unusable: 1, duplicate: 1, "too short": 1, "too long": 1 } });
    expect(JSON.parse(read("report"))).toEqual(report);
    expect(read("data")).toBe('{"text":"x = 1"}\n {"text": "z = 2"}\n'); // as they stand in the file
    const details = read("leftOut")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(details).toEqual([
      { line: 2, reason: "unusable", detail: expect.stringContaining("not JSON (") as string },
      { line: 3, reason: "duplicate", detail: "the same as line 1" },
      { line: 4, reason: "too short", detail: "1 tokens; at least 2 are kept" },
      { line: 5, reason: "too long", detail: expect.stringMatching(/^\d+ tokens; at most 50 are kept$/) as string },
    ]);
  });

  it("filters prompts with responses, and tasks", async () => {
    const pair = { prompt: "Add 1.", response: "x + 1" };
    expect(await run(lines(pair, { ...pair, response: "1 + x" }, pair)).done).toMatchObject({ kept: 2, leftOut: { duplicate: 1 } });
    const task = { id: "a", prompt: "Add 1.", entry_point: "f", tests: [[[1], 2]] };
    expect(await run(lines(task, { ...task, id: "b" }), { deduplicate: false }).done).toMatchObject({ kept: 2 });
    expect(await run(lines(task, { ...task, id: "b" })).done).toMatchObject({ kept: 1, leftOut: { duplicate: 1 } });
  });

  it("leaves every line in one place: kept, or left out with a reason", async () => {
    const text = fc.constantFrom("a = 1", "a  = 1", "b = 2", "", "c".repeat(300));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 8 }), async (texts) => {
        const { done, read } = run(lines({ text: "first" }, ...texts.map((one) => ({ text: one }))), { maxTokens: 40 });
        const { lines: all, kept, leftOut } = await done;
        expect(kept + Object.values(leftOut).reduce((sum, one) => sum + one, 0)).toBe(all);
        expect(read("data").split("\n")).toHaveLength(kept + 1);
        expect(read("leftOut").split("\n")).toHaveLength(all - kept + 1);
      }),
      { seed: 6, numRuns: 20 },
    );
  });

  it("says loudly what it could not compare with", async () => {
    const notes: string[] = [];
    const folders = { search: [], cache: join(folder, "none") };
    const refuse = globalThis.fetch;
    globalThis.fetch = () => Promise.reject(new Error("no network"));
    try {
      const { done } = run(lines({ text: "x = 1" }), { benchmarks: ["humaneval"] }, { folders, onNote: (note) => notes.push(note) });
      expect(await done).toMatchObject({ kept: 1, comparedWith: [], notCompared: ["humaneval"] });
    } finally {
      globalThis.fetch = refuse;
    }
    expect(notes).toEqual([expect.stringMatching(/^The lines are NOT compared with humaneval\. humaneval\/HumanEval\.jsonl\.gz is not available: /)]);
  });

  it("leaves out a line that has words in a row of a benchmark", () => {
    const grams = new WordGrams();
    grams.add("Mbpp/2", "Write a function that finds the shared elements of the two lists that are given to it.");
    const filter = lineFilter({ config: { deduplicate: true, minTokens: 1 }, tokenizer: { encode: () => [1] }, grams });
    expect(filter(1, { kind: "text", text: "# write a function that finds the shared elements, of the two lists!" })).toEqual({
      line: 1,
      reason: "contaminated",
      detail: "has words of Mbpp/2: write a function that finds the shared elements of the two lists",
    });
    expect(filter(2, { kind: "text", text: "# find shared elements" })).toBeUndefined();
  });

  it("refuses what leaves nothing, or cannot be judged", async () => {
    const refusal = async (input: string, problem: string, settings: object = {}, more: Partial<ProcessDataOptions> = {}): Promise<void> =>
      expect(run(input, settings, more).done).rejects.toThrow(`${input}: ${problem}`);
    await refusal(lines(), "is empty. docs/training-data.md shows the format.");
    await refusal(lines("{"), "has no line that can be used: line 1: not JSON (");
    await refusal(
      lines({ text: "a" }, { prompt: "a", response: "b" }),
      "mixes texts (line 1) and prompts with responses (line 2), expected one kind. Make a file for each kind.",
    );
    await refusal(lines({ text: "a long line" }, { text: "a long  line" }), "no line is left: 1 too long, 1 duplicate.", { maxTokens: 1 });
    expect(() => parseConfig(ProcessDataConfigSchema, { minTokens: 5, maxTokens: 4 }, { source: "settings" })).toThrow(
      "Invalid settings:\n  - maxTokens: must be at least minTokens",
    );
  });

  it("refuses a folder that holds a run with other settings", async () => {
    const input = lines({ text: "x = 1" });
    const output = join(folder, "claimed");
    await run(input, {}, { output }).done;
    expect(await run(input, {}, { output }).done).toMatchObject({ kept: 1 });
    await expect(run(input, { minTokens: 2 }, { output }).done).rejects.toThrow(/minTokens/);
  });
});
