import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom, FileError, InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { probes, runPipeline } from "./pipeline.ts";
import { readTasks } from "./read-tasks.ts";
import { codeStyles, elementNames, renderSolution, resultNames } from "./render.ts";
import { placedPipelines } from "./splits.ts";
import { exampleStream, tinyCodeTasks } from "./tasks.ts";

const python = ["/usr/bin/python3", "/usr/local/bin/python3"].find((path) => existsSync(path));
const tiers = { 1: 1, 2: 2, 3: 3 };
const folder = mkdtempSync(join(tmpdir(), "tiny-code-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs programs with their tests in one Python process and returns the tests that do not hold. */
function failures(jobs: { code: string; tests: readonly unknown[] }[]): string[] {
  const script = `
import json, sys
failed = []
for job in json.load(sys.stdin):
    scope = {}
    exec(job["code"], scope)
    for (args, expected) in job["tests"]:
        got = scope["f"](*args)
        if got != expected or type(got) != type(expected):
            failed.append(f"{job['code']!r} {args} gave {got}, not {expected}")
print(json.dumps(failed))`;
  return JSON.parse(execFileSync(python!, ["-I", "-c", script], { input: JSON.stringify(jobs), encoding: "utf8" }));
}

describe.runIf(python !== undefined)(`solutions in Python${python === undefined ? " (SKIPPED: there is no python3)" : ""}`, () => {
  it("pass all their tests", () => {
    for (const split of ["train", "test"] as const) {
      const tasks = tinyCodeTasks({ tiers: { 2: 1, 3: 1 }, split, count: 150, seed: 3 });
      expect(failures(tasks.map(({ solution, tests, hidden_tests: hidden }) => ({ code: solution, tests: [...tests, ...hidden] })))).toEqual([]);
    }
  });

  it("mean the same in every style and with every name", () => {
    const pipelines = createRandom(5).shuffle(placedPipelines(3)).slice(0, 40);
    const jobs = pipelines.flatMap((placed) => {
      const tests = probes.map((probe) => [[probe], runPipeline(placed.pipeline, probe)]);
      return codeStyles.flatMap((style) =>
        resultNames.flatMap((resultName) =>
          elementNames.map((elementName) => ({ code: renderSolution(placed.pipeline, { style, resultName, elementName }), tests })),
        ),
      );
    });
    expect(failures(jobs)).toEqual([]);
  });
});

describe("tinyCodeTasks", () => {
  it("gives the same tasks for the same options, and others for another seed", () => {
    const draw = (seed: number) => tinyCodeTasks({ tiers, split: "train", count: 12, seed });
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1).map(({ id }) => id)).not.toEqual(draw(2).map(({ id }) => id));
  });

  it("takes each tier's share, without repetition, from its split", () => {
    const tasks = tinyCodeTasks({ tiers: { 2: 1, 3: 3 }, split: "test", count: 40, seed: 0 });
    expect(tasks.filter(({ tier }) => tier === 2)).toHaveLength(10);
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(40);
    for (const { split } of tasks) expect(split).toBe("test");
  });

  it("gives as many as wanted, whatever the shares", () => {
    const share = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 6 }), share, share, share, (count, one, two, three) => {
        const shares = { 1: one, 2: two, 3: three };
        expect(tinyCodeTasks({ tiers: shares, split: "train", count, seed: 0, visibleTests: 1, hiddenTests: 1 })).toHaveLength(count);
      }),
      { numRuns: 30 },
    );
    expect(tinyCodeTasks({ tiers: { 1: 2, 2: 2, 3: 0 }, split: "train", count: 1, seed: 0 })).toHaveLength(1);
  });

  it("passes over tasks that are refused", () => {
    const tasks = tinyCodeTasks({ tiers: { 2: 1 }, split: "train", count: 20, seed: 0, accepts: ({ prompt }) => prompt.length < 60 });
    expect(tasks).toHaveLength(20);
    for (const { prompt } of tasks) expect(prompt.length).toBeLessThan(60);
  });

  it("says how many there are when too many are wanted", () => {
    expect(() => tinyCodeTasks({ tiers: { 1: 1 }, split: "train", count: 10_000, seed: 0 })).toThrow(InvalidArgumentError);
    expect(() => tinyCodeTasks({ tiers: { 1: 1 }, split: "test", count: 1, seed: 0 })).toThrow("at most 0 tasks of tier 1 in the test split");
  });

  it("never asks for an input in a hidden test that a reward has seen", () => {
    for (const { tests, hidden_tests: hidden } of tinyCodeTasks({ tiers, split: "train", count: 60, seed: 4 })) {
      const seen = new Set(tests.map(([args]) => JSON.stringify(args)));
      expect(hidden.filter(([args]) => seen.has(JSON.stringify(args)))).toEqual([]);
      expect([tests.length, hidden.length]).toEqual([8, 16]);
    }
  });

  it("cannot be passed by a constant", () => {
    for (const { tests, id } of tinyCodeTasks({ tiers: { 2: 1, 3: 1 }, split: "test", count: 60, seed: 4 })) {
      const counts = new Map<string, number>();
      for (const [, expected] of tests) counts.set(JSON.stringify(expected), (counts.get(JSON.stringify(expected)) ?? 0) + 1);
      expect(Math.max(...counts.values()), id).toBeLessThan(tests.length);
    }
  });
});

describe("exampleStream", () => {
  it("is a function of the seed and the index", () => {
    const [first, again, other] = [exampleStream({ tiers, seed: 1 }), exampleStream({ tiers, seed: 1 }), exampleStream({ tiers, seed: 2 })];
    const of = (stream: typeof first) => [7, 3, 99].map((index) => stream(index));
    expect(of(first)).toEqual(of(again));
    expect(of(first)).not.toEqual(of(other));
  });

  it("shows nothing of the held-out splits", () => {
    const heldOut = new Set(
      placedPipelines(3)
        .filter(({ split }) => split !== "train")
        .flatMap(({ pipeline }) =>
          codeStyles.flatMap((style) =>
            resultNames.flatMap((resultName) => elementNames.map((elementName) => renderSolution(pipeline, { style, resultName, elementName }))),
          ),
        ),
    );
    const stream = exampleStream({ tiers, seed: 9 });
    const leaked = Array.from({ length: 3000 }, (_, i) => stream(i)).filter(({ solution }) => heldOut.has(solution));
    expect(leaked).toEqual([]);
  });
});

describe("readTasks", () => {
  it("reads what was written as JSON lines", () => {
    const path = join(folder, "tasks.jsonl");
    const tasks = tinyCodeTasks({ tiers, split: "train", count: 5, seed: 0 });
    writeFileSync(path, tasks.map((task) => `${JSON.stringify(task)}\n`).join(""));
    expect(readTasks(path)).toEqual(tasks);
  });

  it("names the line that is not JSON or not a task", () => {
    const path = join(folder, "bad.jsonl");
    const [task] = tinyCodeTasks({ tiers, split: "train", count: 1, seed: 0 });
    writeFileSync(path, `${JSON.stringify(task)}\nnot json\n`);
    expect(() => readTasks(path)).toThrow(FileError);
    expect(() => readTasks(path)).toThrow(/bad\.jsonl: line 2 is not JSON/);
    writeFileSync(path, `${JSON.stringify({ ...task, tier: "two", extra: 1 })}\n`);
    expect(() => readTasks(path)).toThrow(/bad\.jsonl: line 1: Invalid task:[\s\S]*tier[\s\S]*extra/);
  });

  it("wants of a task of one's own no more than it needs", () => {
    const path = join(folder, "own.jsonl");
    const own = { id: "a", prompt: "Add 1.", entry_point: "f", tests: [[[1], 2]] };
    writeFileSync(path, `${JSON.stringify(own)}\n`);
    expect(readTasks(path)).toEqual([{ ...own, hidden_tests: [] }]);
    const { tests: _, ...without } = own;
    writeFileSync(path, `${JSON.stringify(without)}\n`);
    expect(() => readTasks(path)).toThrow(`${path}: line 1: Invalid task:\n  - tests: at least one test, here or in hidden_tests.`);
    writeFileSync(path, `${JSON.stringify({ ...own, entrypoint: "f" })}\n`);
    expect(() => readTasks(path)).toThrow(/Unrecognized key: "entrypoint".*entry_point/);
  });

  it("reads lines as it is told to", () => {
    const path = join(folder, "python.jsonl");
    writeFileSync(path, '{"id": "a", "prompt": "p", "entry_point": "f", "tests": [[[4], 2.0]]}\n');
    const parse = (text: string): unknown => JSON.parse(text.replace("2.0", '{"float": "2.0"}'));
    expect(readTasks(path, { parse })[0]!.tests).toEqual([[[4], { float: "2.0" }]]);
    const fail = (): never => {
      throw new SyntaxError("no");
    };
    expect(() => readTasks(path, { parse: fail })).toThrow(`${path}: line 1 is not JSON (no)`);
  });

  it("refuses an id that occurs twice, and a file without tasks", () => {
    const path = join(folder, "twice.jsonl");
    const line = JSON.stringify({ id: "a", prompt: "p", entry_point: "f", hidden_tests: [[[1], 2]] });
    writeFileSync(path, `${line}\n\n${line}\n`);
    expect(() => readTasks(path)).toThrow(`${path}: line 3: id "a" occurs a second time.`);
    writeFileSync(path, "\n");
    expect(() => readTasks(path)).toThrow(`${path}: holds no task.`);
  });
});
