import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OnProgress, ProgressEvent } from "@diffucoder/core";
import { ESTIMATOR_NAMES } from "@diffucoder/coupled-grpo";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import { afterAll, describe, expect, it } from "vitest";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";
import { writeLettersReward } from "../training/letters.fixture.ts";
import { hasPython, pythonNote } from "../../../tasks/src/shared-data.fixture.ts";
import { planCosts } from "./plan-costs.ts";
import { readPlan } from "./plan.ts";
import { lockPlan } from "./plan-lock.ts";
import { createRecord, type ExperimentRecord, planHash, readRecords, writeRecord } from "./record.ts";
import { runExperiment } from "./run-experiment.ts";

const root = mkdtempSync(join(tmpdir(), "experiment-"));
const model = makeTinyModel({ model: { maxPositionEmbeddings: 256 }, generationConfig: { promptLength: 200 } });
afterAll(() => {
  model.remove();
  rmSync(root, { recursive: true });
});

const rewardFile = writeLettersReward(root); // so that there is something to learn from

const plan = {
  model: model.dir,
  recipe: {
    data: { tasks: 4, tiers: { 1: 1, 2: 0, 3: 0 } },
    sampling: { steps: 2 },
    training: { maxSteps: 2, promptsPerStep: 2, numGenerations: 2, warmupSteps: 0, rewardModules: [{ file: rewardFile }] },
  },
  arms: { base: { note: "before", train: false }, coupled: { note: "the paper's estimator" } },
  seeds: [3, 4],
  evaluations: { test: { dataset: "tinycode", data: { tiers: { 2: 1 }, tasks: 3 }, samplesPerTask: 2, temperature: 1, steps: 2 } },
  decision: [{ arm: "coupled", against: "base", evaluation: "test", expected: "higher" }],
};

const experiment = (name: string, more: object = {}): string => {
  const folder = join(root, name);
  mkdirSync(join(folder, "records"), { recursive: true });
  writeFileSync(join(folder, "plan.json"), JSON.stringify({ ...plan, ...more }));
  return folder;
};

/** Runs an experiment; `sandbox` is only needed where something runs. */
const run = async (
  folder: string,
  { sandbox = {} as Sandbox, onProgress = () => {}, ...only }: Partial<Parameters<typeof runExperiment>[0]> = {},
) => {
  const notes: string[] = [];
  const fixed = { output: join(root, "runs"), defaultModel: model.dir, now: () => "2026-01-02T03:04:05.000Z", signal: new AbortController().signal };
  const outcome = await runExperiment({ folder, ...fixed, sandbox, onProgress, onNote: (note) => notes.push(note.replaceAll(root, "F")), ...only });
  return { outcome, notes };
};

const problemOf = async (folder: string, only: Parameters<typeof run>[1] = {}): Promise<string> =>
  run(folder, only).then(
    () => "none",
    (error: Error) => error.message.replaceAll(root, "F"),
  );

const recordsOf = (folder: string): ExperimentRecord[] => readRecords(folder, planHash(readPlan(folder).written));
/** What has to be the same each time. */
const lasting = ({ date: _, machine: _m, commit: _c, seconds: _s, processorSeconds: _p, ...record }: ExperimentRecord) => record;

/** A process that dies at the n-th event: nothing is saved on its way out. */
const dyingAt = (count: number): OnProgress => {
  let seen = 0;
  return () => {
    if (++seen === count) throw new Error("killed");
  };
};

describe("runExperiment", () => {
  it.skipIf(!hasPython)(`records every arm with every seed, and after kills the same${pythonNote}`, { timeout: 120_000 }, async () => {
    const sandbox = await createSandbox();
    const [whole, killed] = [experiment("whole"), experiment("killed")];
    const events: ProgressEvent[] = [];
    const { outcome, notes } = await run(whole, { sandbox, onProgress: (event) => events.push(event) });
    expect(outcome.written.map((path) => path.slice(root.length))).toEqual(
      ["base-3", "coupled-3", "base-4", "coupled-4"].map((name) => `/whole/records/${name}.json`),
    );
    expect(notes.filter((note) => note.includes("done")).map((note) => note.replace(/about \d+ min/, "about N min"))).toEqual([
      "base, seed 3: F/whole/records/base-3.json. 1 of 4 done, about N min left.",
      "coupled, seed 3: F/whole/records/coupled-3.json. 2 of 4 done, about N min left.",
      "base, seed 4: F/whole/records/base-4.json. 3 of 4 done, about N min left.",
      "coupled, seed 4: F/whole/records/coupled-4.json. 4 of 4 done.",
    ]);
    const phases = [...new Set(events.map(({ phase }) => phase))];
    expect(phases).toContain("2 of 4, coupled, seed 3: coupled-GRPO");
    expect(phases).toContain("3 of 4, base, seed 4: evaluate test");

    const records = recordsOf(whole);
    for (const { arm, curve, evaluations, seconds, processorSeconds, machine, recipe } of records) {
      expect(evaluations["test"]!.counts).toHaveLength(3);
      for (const [, n, c] of evaluations["test"]!.counts) expect([n, c <= n]).toEqual([2, true]);
      expect(Math.min(seconds, processorSeconds, machine.cores)).toBeGreaterThan(0);
      expect(Object.keys(curve)).toEqual(arm === "base" ? [] : ["reward", "solved", "gradNorm", "clipRatio", "completionLength", "networkTokens"]);
      expect(recipe === null).toBe(arm === "base");
    }
    expect(new Set(records.map(({ modelSha256 }) => modelSha256)).size).toBe(3); // base is the same with each seed
    const [, { networkTokens } = { networkTokens: 0 }] = await planCosts(readPlan(whole), { defaultModel: model.dir });
    for (const { arm, curve } of records)
      if (arm === "coupled") expect(curve["networkTokens"]!.reduce((sum, one) => sum! + one!, 0)).toBeLessThanOrEqual(networkTokens);

    const total = events.length;
    for (const count of [2, Math.ceil(total / 3), Math.ceil(total / 3)])
      await expect(run(killed, { sandbox, onProgress: dyingAt(count) })).rejects.toThrow("killed");
    const { outcome: last } = await run(killed, { sandbox });
    expect(last.found.length).toBeGreaterThan(0);
    expect(last.written.length + last.found.length).toBe(4);
    expect(recordsOf(killed).map(lasting)).toEqual(recordsOf(whole).map((record) => ({ ...lasting(record) })));
    expect(readdirSync(join(root, "runs", "killed")).toSorted()).toEqual(["base-3", "base-4", "coupled-3", "coupled-4"]);
    for (const name of readdirSync(join(killed, "records"))) expect(readFileSync(join(killed, "records", name)).length).toBeLessThan(60_000);
    sandbox.close();

    expect((await run(killed)).outcome).toEqual({ written: [], found: expect.arrayContaining([join(killed, "records", "base-3.json")]) as string[] });
  });
});

describe("an experiment that cannot run", () => {
  const arms = (recipe: object): object => ({ arms: { ...plan.arms, coupled: { note: "the paper's estimator", recipe } } });

  it.each([
    ["plan.json", 'Unrecognized key: "sedes". Did you mean seeds?', { sedes: [1] }],
    ["plan.json", "seeds: expected each seed once", { seeds: [1, 1] }],
    ["plan.json", "arms: expected at least one arm", { arms: {}, decision: plan.decision }],
    [
      "plan.json",
      "evaluations.test: expected one temperature, one number of steps and one threshold, not a sweep",
      { evaluations: { test: { ...plan.evaluations.test, temperature: [0, 1] } } },
    ],
    [
      "plan.json",
      'decision.0.against: "bas" is not one of base, coupled. Did you mean base?',
      { decision: [{ arm: "coupled", against: "bas", evaluation: "test", expected: "higher" }] },
    ],
    [
      "plan.json",
      "decision.0.k: expected at most samplesPerTask of test, 2",
      { decision: [{ arm: "coupled", against: "base", evaluation: "test", k: 4, expected: "higher" }] },
    ],
    [
      "plan.json, arm coupled",
      'training: Unrecognized key: "learningRat". Did you mean training.learningRate?',
      arms({ training: { learningRat: 1 } }),
    ],
  ])("%s: %s", async (source, problem, more) => {
    expect(await problemOf(experiment("bad", more))).toBe(`Invalid F/bad/${source}:\n  - ${problem}`);
  });

  it("says which estimators there are", async () => {
    const names = ESTIMATOR_NAMES.map((name) => JSON.stringify(name)).join(", ");
    expect(await problemOf(experiment("bad", arms({ training: { estimator: "coupledd" } })))).toBe(
      `Invalid F/bad/plan.json, arm coupled:\n  - training.estimator: must be one of ${names}, got "coupledd"`,
    );
  });

  it("names the arms and seeds of the plan", async () => {
    const folder = experiment("choice");
    expect(await problemOf(folder, { only: ["couplde"] })).toBe('--only: "couplde" is not one of base, coupled. Did you mean coupled?');
    expect(await problemOf(folder, { seeds: [7] })).toBe("--seeds must be seeds of the plan, which has 3, 4, got 7.");
    expect(await problemOf(join(root, "nowhere"))).toBe("F/nowhere/plan.json: no such file.");
  });

  const record = (folder: string, more: object = {}): ExperimentRecord =>
    createRecord({
      plan: planHash(readPlan(folder).written),
      arm: "base",
      seed: 3,
      recipe: null,
      modelSha256: "0".repeat(64),
      date: "2026-01-02T03:04:05.000Z",
      machine: { processor: "a", cores: 2, node: "20.19.0" },
      seconds: 1,
      processorSeconds: 1,
      curve: {},
      evaluations: { test: { tasksSha256: "1".repeat(64), infrastructureFailures: 0, counts: [["a", 2, 1]] } },
      ...more,
    });
  const only = { only: ["base"], seeds: [3] };
  const again = "Remove it and run the experiment again, which does only this arm and seed anew.";

  it("refuses a plan that changed after its first record, and names the keys", async () => {
    const folder = experiment("changed");
    lockPlan(folder, readPlan(folder));
    experiment("changed", { seeds: [3, 4, 5] });
    expect(await problemOf(folder)).toBe(
      "F/changed/plan.json: has changed since its first record: seeds was [3,4], is [3,4,5]. Put the plan back, or write another experiment in a folder of its own.",
    );
  });

  it("refuses a record of another plan, a cut-off one, one under another name and one with other settings", async () => {
    const folder = experiment("records");
    writeRecord(folder, record(folder, { plan: "a".repeat(64) }));
    const hash = planHash(readPlan(folder).written).slice(0, 12);
    const path = join(folder, "records", "base-3.json");
    expect(await problemOf(folder, only)).toBe(
      `F/records/records/base-3.json: belongs to another plan (SHA-256 aaaaaaaaaaaa, this one has ${hash}). ${again}`,
    );
    writeRecord(folder, record(folder));
    expect((await run(folder, only)).outcome).toEqual({ written: [], found: [path] });
    truncateSync(path, 100);
    expect(await problemOf(folder, only)).toBe(`F/records/records/base-3.json: is not a whole record. ${again}`);
    writeFileSync(path, JSON.stringify(record(folder, { seed: 4 })));
    expect(await problemOf(folder, only)).toBe(`F/records/records/base-3.json: is the record of base with seed 4. ${again}`);
    rmSync(path);
    const recipe = { training: { maxSteps: 3 }, added: 1 };
    writeRecord(folder, record(folder, { arm: "coupled", recipe }));
    expect(await problemOf(folder, { only: ["coupled"], seeds: [3] })).toBe(
      "F/records/records/coupled-3.json: was made with other settings: training.maxSteps was 3, is 2; added was 1, is not set. Runs with both cannot be compared: put them back, or remove the record.",
    );
  });
});
