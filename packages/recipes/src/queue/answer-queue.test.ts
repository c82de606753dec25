// An evaluation whose answers workers write has the files of one process, byte for byte.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "@diffucoder/core";
import { inProcessLink, type QueueLink } from "@diffucoder/queue";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";
import { EvalConfigSchema } from "../evaluation/eval-config.ts";
import { runEval } from "../evaluation/run-eval.ts";
import { sharedFiles } from "./content-files.ts";
import { doWork } from "./do-work.ts";
import { type DoWork, runWorker } from "./worker.ts";

const folder = mkdtempSync(join(tmpdir(), "answer-queue-"));
const model = makeTinyModel();
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox();
  await evaluate("alone");
});
afterAll(() => {
  sandbox.close();
  model.remove();
  rmSync(folder, { recursive: true });
});

const SECRET = 271828;
const tasks = join(folder, "tasks.jsonl");
const prompts = { f: "f", long: "word ".repeat(400), g: "g" };
const task = ([id, prompt]: [string, string]) => ({ id, prompt, language: "javascript", entry_point: "f", tests: [[[1], SECRET]] });
writeFileSync(tasks, Object.entries(prompts).map((one) => JSON.stringify(task(one))).join("\n")); // prettier-ignore

async function evaluate(name: string, { link, notes = [] }: { link?: QueueLink; notes?: string[] } = {}): Promise<void> {
  const output = join(folder, name);
  const settings = { dataset: tasks, samplesPerTask: 3, batchSize: 2, temperature: [0.5, 1], steps: 4, ks: [1] };
  await runEval({
    config: parseConfig(EvalConfigSchema, { ...settings, model: model.dir, output }),
    sandbox,
    reveals: 1,
    queue: link && { link, files: sharedFiles(join(folder, "weights")), replay: 1, rewards: false, overtakeMs: 60_000 },
    onProgress: () => {},
    onNotice: (notice) => notes.push(notice),
    signal: new AbortController().signal,
  });
}

/** Names and contents, of all that an evaluation leaves. Scores are kept in the order in which programs end, which no run repeats. */
function filesOf(name: string): Record<string, string> {
  const read = (file: string): string => readFileSync(join(folder, name, file), "latin1");
  const contents = (file: string): string => (file === "scores.jsonl" ? read(file).split("\n").toSorted().join("\n") : read(file));
  return Object.fromEntries(readdirSync(join(folder, name)).map((file) => [file, contents(file)]));
}

async function withWorkers(link: QueueLink, workers: Record<string, DoWork>, work: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const running = Object.entries(workers).map(([name, does]) =>
    runWorker({ link, name, kinds: ["rollouts"], work: does, leaseMs: 30_000, signal: stop.signal, onNote: () => {} }).catch(() => {}),
  );
  await work().finally(() => stop.abort());
  await Promise.all(running);
}

describe("an evaluation with workers", () => {
  it("leaves the files of one process, though one of its workers lies, and tells no worker a test", async () => {
    const link = inProcessLink();
    const notes: string[] = [];
    const bodies: string[] = [];
    const [first, second] = ["a", "b"].map((name) => doWork({ cache: join(folder, name) }));
    const honest: DoWork = (item, card) => {
      bodies.push(JSON.stringify([item, card]));
      return first!(item, card);
    };
    const liar: DoWork = async (item, card) => (await second!(item, card)).replaceAll('"text":"', '"text":"return 271828;');
    await withWorkers(link, { honest, liar }, () => evaluate("queued", { link, notes }));
    const [queued, alone] = [filesOf("queued"), filesOf("alone")];
    expect(Object.keys(queued)).toContain("generations-0.5.jsonl");
    expect(Object.keys(queued)).toEqual(Object.keys(alone));
    for (const [name, text] of Object.entries(alone)) expect(queued[name], name).toBe(text);
    expect(notes).toContain("Worker liar is in quarantine: its answers are not those of the model. What it did in this step is done again");
    expect(bodies.length).toBeGreaterThan(0);
    expect(bodies.filter((body) => body.includes(String(SECRET)))).toEqual([]);
    expect((await link.counts()).rollouts).toEqual({ waiting: 0, claimed: 0, completed: 0 });
  });
});
