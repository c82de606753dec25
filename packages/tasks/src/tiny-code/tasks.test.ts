import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRandom, InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { probes, runPipeline } from "./pipeline.ts";
import { codeStyles, elementNames, renderSolution, resultNames } from "./render.ts";
import { placedPipelines } from "./splits.ts";
import { exampleStream, tinyCodeTasks, tinyCodeTasksById } from "./tasks.ts";

const python = ["/usr/bin/python3", "/usr/local/bin/python3"].find((path) => existsSync(path));
const tiers = { 1: 1, 2: 2, 3: 3 };

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
      expect(failures(tasks.map(({ solution, visible, hidden }) => ({ code: solution, tests: [...visible.calls, ...hidden.calls] })))).toEqual([]);
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

  it("gives a task again by its id", () => {
    const tasks = tinyCodeTasks({ tiers: { 2: 1, 3: 1 }, split: "test", count: 12, seed: 3 });
    const some = [tasks[7]!, tasks[2]!];
    const ids = some.map(({ id }) => id);
    expect(tinyCodeTasksById(ids, { seed: 3 })).toEqual(some);
    expect(() => tinyCodeTasksById(["tinycode/none"], { seed: 3 })).toThrow('ids must be ids of TinyCode\'s tasks, got "tinycode/none".');
  });

  it("takes each tier's share, without repetition, from its split", () => {
    const tasks = tinyCodeTasks({ tiers: { 2: 1, 3: 3 }, split: "test", count: 40, seed: 0 });
    expect(tasks.filter(({ metadata }) => metadata.tier === 2)).toHaveLength(10);
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(40);
    for (const { metadata } of tasks) expect(metadata.split).toBe("test");
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
    const tasks = tinyCodeTasks({ tiers: { 2: 1 }, split: "train", count: 20, seed: 0, accepts: ({ prompt }) => prompt.text.length < 60 });
    expect(tasks).toHaveLength(20);
    for (const { prompt } of tasks) expect(prompt.text.length).toBeLessThan(60);
  });

  it("says how many there are when too many are wanted", () => {
    expect(() => tinyCodeTasks({ tiers: { 1: 1 }, split: "train", count: 10_000, seed: 0 })).toThrow(InvalidArgumentError);
    expect(() => tinyCodeTasks({ tiers: { 1: 1 }, split: "test", count: 1, seed: 0 })).toThrow(
      "The test split has 0 tasks of tier 1, and 1 are wanted of it. Ask for fewer tasks, or give the tier a smaller share.",
    );
  });

  it("never asks for an input in a hidden test that a reward has seen", () => {
    for (const { visible, hidden } of tinyCodeTasks({ tiers, split: "train", count: 60, seed: 4 })) {
      const seen = new Set(visible.calls.map(([args]) => JSON.stringify(args)));
      expect(hidden.calls.filter(([args]) => seen.has(JSON.stringify(args)))).toEqual([]);
      expect([visible.calls.length, hidden.calls.length]).toEqual([8, 16]);
    }
  });

  it("cannot be passed by a constant", () => {
    for (const { visible, id } of tinyCodeTasks({ tiers: { 2: 1, 3: 1 }, split: "test", count: 60, seed: 4 })) {
      const counts = new Map<string, number>();
      for (const [, expected] of visible.calls) counts.set(JSON.stringify(expected), (counts.get(JSON.stringify(expected)) ?? 0) + 1);
      expect(Math.max(...counts.values()), id).toBeLessThan(visible.calls.length);
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

  it("draws from a held-out split, leaving out the tiers that have nothing there", () => {
    const [dev, deeper] = [exampleStream({ tiers, seed: 9, split: "dev" }), exampleStream({ tiers: { 2: 2, 3: 3 }, seed: 9, split: "dev" })];
    const of = (stream: typeof dev) => Array.from({ length: 20 }, (_, i) => stream(i));
    expect(of(dev)).toEqual(of(deeper));
    const train = exampleStream({ tiers, seed: 9 });
    const training = new Set(Array.from({ length: 3000 }, (_, i) => train(i).solution));
    expect(of(dev).filter(({ solution }) => training.has(solution))).toEqual([]);
    expect(() => exampleStream({ tiers: { 1: 1 }, seed: 9, split: "dev" })).toThrow('No tier of {"1":1} has examples in the dev split.');
    expect(() => exampleStream({ tiers: {}, seed: 9 })).toThrow("No tier of {} has examples in the train split.");
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
