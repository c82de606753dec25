// Workers in this process, over the queue in memory: any number of them, honest or not, makes the weights of a run without them.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AbortedError, parseConfig } from "@diffucoder/core";
import { inProcessLink, type QueueLink } from "@diffucoder/queue";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";
import { CoupledGrpoRecipeSchema, runCoupledGrpo } from "../training/coupled-grpo.ts";
import { writeLettersReward, writeTasks } from "../training/letters.fixture.ts";
import { type DiffusionModel, loadDiffusionModel } from "../training/load-diffusion-model.ts";
import { sharedFiles } from "./content-files.ts";
import { checkRollouts } from "./check-results.ts";
import { doWork } from "./do-work.ts";
import { type DoWork, runWorker, type WorkerOptions } from "./worker.ts";

const folder = mkdtempSync(join(tmpdir(), "run-queue-"));
const model = makeTinyModel();
let coder: DiffusionModel;
let sandbox: Sandbox;
/** Weights of runs without workers, by what they are rewarded for. */
const alone: { letters: Buffer; length: Buffer } = { letters: Buffer.alloc(0), length: Buffer.alloc(0) };
beforeAll(async () => {
  coder = await loadDiffusionModel(model.dir);
  sandbox = await createSandbox();
  alone.letters = await run("alone");
  alone.length = await run("alone-length", { rewarded: "length" });
});
afterAll(async () => {
  sandbox.close();
  await coder.close();
  model.remove();
  rmSync(folder, { recursive: true });
});

const tasks = writeTasks(folder, ["f", "g", "h"]);

/** It is computed by the trainer, as all custom rewards. */
const rewardFile = writeLettersReward(folder);

interface Queued {
  rewarded: keyof typeof alone;
  link: QueueLink;
  replay?: number;
  notes?: string[];
  overtakeMs?: number;
  signal?: AbortSignal;
  /** Of the recipe, over the others. */
  settings?: object;
  /** Of its training. */
  training?: object;
}

/** Trains and returns the file of the weights. */
async function run(name: string, options: Partial<Queued> = {}): Promise<Buffer> {
  const {
    rewarded = "letters",
    link,
    replay = 0,
    notes = [],
    overtakeMs = 60_000,
    signal = new AbortController().signal,
    settings,
    training,
  } = options;
  const recipe = parseConfig(CoupledGrpoRecipeSchema, {
    data: { dataset: tasks, tasks: 3 },
    sampling: { steps: 4, temperature: 1 },
    training: {
      maxSteps: 2,
      promptsPerStep: 3,
      numGenerations: 4,
      numIterations: 1,
      beta: 0,
      learningRate: 1e-2,
      ...(rewarded === "letters" ? { rewardModules: [{ file: rewardFile }] } : { rewardWeights: { length: 1 } }),
      ...training,
    },
    ...settings,
  });
  const files = sharedFiles(join(folder, "weights"));
  const queue = link && { link, files, replay, rewards: true, overtakeMs };
  const output = join(folder, name);
  const onNote = (note: string): void => void notes.push(note);
  const dir = await runCoupledGrpo({
    recipe,
    coder,
    modelDir: model.dir,
    sandbox,
    output,
    fresh: true,
    signal,
    onProgress: () => {},
    onNote,
    queue,
  });
  return readFileSync(join(dir, recipe.lora === undefined ? "model.safetensors" : "adapter_model.safetensors"));
}

/** One line for each step that is done. */
function metricsOf(name: string): string[] {
  const path = join(folder, name, "metrics.jsonl");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
}

/** Honest work, in a cache of its own. */
const honest = (name: string): DoWork => doWork({ cache: join(folder, "cache", name), sandbox });

/** Workers for as long as `train` takes. @returns what it gave, and how each worker ended */
async function withWorkers<T>(
  link: QueueLink,
  workers: Record<string, DoWork>,
  train: () => Promise<T>,
): Promise<{ result: T; ends: Record<string, string> }> {
  const stop = new AbortController();
  const ends: Record<string, string> = {};
  const working = Object.entries(workers).map(([name, work]) =>
    runWorker({ link, name, kinds: ["rollouts", "rewards"], work, leaseMs: 30_000, signal: stop.signal, onNote: () => {} }).catch((error: Error) => {
      ends[name] = error instanceof AbortedError ? "stopped" : error.message;
    }),
  );
  try {
    return { result: await train(), ends };
  } finally {
    stop.abort();
    await Promise.all(working);
  }
}

describe("a run with workers", () => {
  it("teaches something at all", () => {
    const [first] = metricsOf("alone");
    expect((JSON.parse(first!) as { informativeGroups: number }).informativeGroups).toBeGreaterThan(0);
  });

  it.each([1, 2, 4])("has the weights of one process, with %i", async (count) => {
    const link = inProcessLink();
    const workers = Object.fromEntries(Array.from({ length: count }, (_, i) => [`w${i}`, honest(`w${i}`)]));
    const { result } = await withWorkers(link, workers, () => run("queued", { link, replay: 0.5 }));
    expect(result.equals(alone.letters)).toBe(true);
    expect((await link.counts()).rollouts).toEqual({ waiting: 0, claimed: 0, completed: 0 });
  });

  it.each([
    ["all weights", {}],
    ["an adapter", { settings: { lora: { r: 2, targetModules: ["q_proj", "v_proj"] } } }],
  ])("has the weights of one process with a policy of one step before, of %s", async (_, settings) => {
    const stale = { ...settings, training: { maxSteps: 3, maxStaleness: 1 } };
    const expected = await run("alone-stale", stale);
    expect(metricsOf("alone-stale").map((line) => (JSON.parse(line) as { staleness: number }).staleness)).toEqual([0, 1, 1]);
    const link = inProcessLink();
    const ahead: number[] = [];
    const [first, second] = [honest("s0"), honest("s1")];
    const seen: DoWork = (item, card) => {
      if (item.kind === "rollouts") ahead.push((JSON.parse(item.body) as { step: number }).step - metricsOf("queued-stale").length);
      return first(item, card);
    };
    const { result } = await withWorkers(link, { w0: seen, w1: second }, () => run("queued-stale", { ...stale, link, replay: 0.5 }));
    expect(result.equals(expected)).toBe(true);
    expect((await link.counts()).rollouts).toEqual({ waiting: 0, claimed: 0, completed: 0 });
    expect(Math.max(...ahead), "steps ahead of the trainer").toBe(1);
  });

  it("overtakes a worker that holds its work for ever", async () => {
    const link = inProcessLink();
    const notes: string[] = [];
    const stuck = await startStuck(link);
    const { result } = await withWorkers(link, { quick: honest("quick") }, () => run("overtaken", { link, notes, overtakeMs: 1500 }));
    expect(result.equals(alone.letters)).toBe(true);
    expect(await stuck.claimed).toBe(true);
    expect(notes.some((note) => note.startsWith("No worker has finished any rollouts for 1.5 seconds"))).toBe(true);
  });
});

/** Claims the first rollouts that are offered and neither renews nor returns them. */
async function startStuck(link: QueueLink): Promise<{ claimed: Promise<boolean> }> {
  const claim = async (): Promise<boolean> => {
    for (;;) {
      if ((await link.claim({ kinds: ["rollouts"], worker: "stuck" })) !== undefined) return true;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  return { claimed: claim() };
}

type Changed = (result: string, kind: string) => string;

const changed =
  (change: (value: Record<string, never>) => object): Changed =>
  (result, kind) =>
    kind === "rollouts" ? JSON.stringify(change(JSON.parse(result) as Record<string, never>)) : result;
let first: string | undefined;

const LIES: Record<string, { lie: Changed; problem: string; rewarded?: "length" }> = {
  "wrong ids": {
    lie: changed((value: { completionIds?: number[][] }) => ({
      ...value,
      completionIds: value.completionIds!.map((ids) => ids.map((id) => (id === 20 ? 21 : 20))),
    })),
    problem: "its completions are not those of the weights",
  },
  "a replayed rollout": {
    lie: (result, kind) => (kind === "rollouts" ? (first ??= result) : result),
    problem: "its completions are not those of the weights",
  },
  "a forged reward": {
    lie: (result, kind) => (kind === "rewards" ? result.replace(/"reward":[^,]+/, '"reward":7') : result),
    problem: "its rewards are not those of the tests",
    rewarded: "length",
  },
  "more than is read": { lie: () => "x".repeat(2 ** 24 + 1), problem: "its result is too large" },
};

describe("a worker that returns", () => {
  it.each(Object.keys(LIES))("%s is named, and has no effect", async (name) => {
    const { lie, problem, rewarded = "letters" } = LIES[name]!;
    const link = inProcessLink();
    const notes: string[] = [];
    first = undefined;
    let hasLied = (): void => {};
    const lied = new Promise<void>((resolve) => (hasLied = resolve));
    const [work, honestWork] = [honest("liar"), honest("honest")];
    const liar: DoWork = async (item, card) => {
      const result = await work(item, card);
      const given = lie(result, item.kind);
      if (given !== result) hasLied();
      return given;
    };
    // The honest one lets the liar go first where it lies.
    const other: DoWork = async (item, card) => {
      if ((item.kind === "rewards") === (rewarded === "length")) await lied;
      return honestWork(item, card);
    };
    const train = () => run("lied", { link, replay: 1, notes, rewarded });
    const { result, ends } = await withWorkers(link, { liar, other }, train);
    expect(result.equals(alone[rewarded])).toBe(true);
    const named = notes.filter((note) => note.includes("quarantine"));
    expect(named).toEqual([`Worker liar is in quarantine: ${problem}. What it did in this step is done again.`]);
    const refused = "Worker liar is not available: the trainer put it into quarantine, because a result was wrong. The trainer's notes say which.";
    expect(["stopped", refused]).toContain(ends["liar"]);
  });

  it("what cannot be rollouts is told by its form alone", () => {
    const machine = { build: "b", processor: "p" };
    const expected = { rows: 1, length: 2, vocabSize: 10, maskTokenId: 9, weights: "0".repeat(64), machine };
    const good = { machine, weights: expected.weights, completionIds: [[1, 2]], forwardTokens: 4 };
    const problemOf = (change: object): unknown => checkRollouts(JSON.stringify({ ...good, ...change }), expected);
    expect(problemOf({})).toEqual({ value: { completionIds: [[1, 2]], forwardTokens: 4 } });
    expect(problemOf({ weights: "1".repeat(64) })).toEqual({ problem: "it sampled with other weights" });
    expect(problemOf({ more: 1 })).toEqual({ problem: "its result has another form" });
    expect(problemOf({ completionIds: [[1.5, 2]] })).toEqual({ problem: "its result has another form" });
    expect(problemOf({ completionIds: [[1, 2, 3]] })).toEqual({ problem: "its completions have another size" });
    for (const id of [9, 10]) expect(problemOf({ completionIds: [[1, id]] })).toEqual({ problem: "its completions hold ids that cannot be sampled" });
    expect(problemOf({ machine: { ...machine, processor: "q" } })).toEqual({ problem: "it is another kind of machine (b, q)" });
  });
});

describe("a queue that cannot be used", () => {
  const idle = (link: QueueLink): WorkerOptions => ({
    link,
    name: "w",
    kinds: ["rollouts"],
    work: async () => "",
    leaseMs: 1000,
    signal: new AbortController().signal,
    onNote: () => {},
  });

  it("has a trainer already, or one of another kind", async () => {
    const link = inProcessLink();
    const stop = new AbortController();
    const training = run("waits", { link, signal: stop.signal });
    while (((await link.announced()) ?? "") === "") await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(run("second", { link })).rejects.toThrow(
      /^The queue is not available: another trainer \(process \d+ on .*\) uses it\. Wait for it or stop it, or give another queue: folder:DIR, or another database as redis:\/\/HOST:PORT\/1\.$/,
    );
    const card = JSON.parse((await link.announced())!) as object;
    const elsewhere = inProcessLink();
    await elsewhere.announce(JSON.stringify({ ...card, machine: { build: "9.9.9 on plan9-vax", processor: "vax" } }));
    await expect(runWorker(idle(elsewhere))).rejects.toThrow(
      /^Worker w is not available: it would compute other bits than the trainer: its build is .*, the trainer's is 9\.9\.9 on plan9-vax; its processor is .*, the trainer's is vax\. Use the same build on the same kind of processor, or let this machine do rewards alone: --kinds rewards\.$/,
    );
    stop.abort();
    await expect(training).rejects.toThrow("was stopped");
    expect(await link.announced()).toBe("");
  });

  it("is of another version", async () => {
    const link = inProcessLink();
    await link.announce('{"format":0}');
    await expect(runWorker(idle(link))).rejects.toThrow(
      "The run on this queue is not available: its trainer is of another version. Use the same version on all machines.",
    );
  });
});

describe("what workers cannot do", () => {
  it("is refused before a run is announced: estimates of traces", async () => {
    const link = inProcessLink();
    await expect(run("refused", { link, training: { estimator: "traceReplay" } })).rejects.toThrow(
      '--queue must be absent with the estimator traceReplay, which needs traces, which workers do not send, got "traceReplay".',
    );
    expect((await link.announced()) ?? "").toBe("");
  });
});
