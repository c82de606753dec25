// `train status` and `/metrics`: a run in memory, its figures as lines and over HTTP.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folderLink, type QueueItem } from "@diffucoder/queue";
import type { RunCard } from "@diffucoder/recipes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countedWork, runMetrics, serveMetrics } from "./queue-metrics.ts";
import { train } from "./run-train.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "queue-status-"));
const queue = `folder:${folder}`;
const link = folderLink(folder);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const item = (id: string, kind: QueueItem["kind"]): QueueItem => ({ id, kind, group: id, version: 3, body: "" });
const card: RunCard = {
  format: 2,
  run: "r",
  machine: { build: "b", processor: "p" },
  trainer: { host: "trainer.example", pid: 77, beat: 5, step: 4, version: 3 },
  figures: { rollouts: 480, rewards: 432, rolloutsPerSecond: 3.25, workers: [{ name: "w1", results: 9, secondsAgo: 61 }, { name: "w2", results: 1, secondsAgo: 0 }] }, // prettier-ignore
  kinds: ["rollouts", "rewards"],
  work: { task: "training", seed: 0, sampling: {}, executor: {} } as unknown as RunCard["work"],
  files: [],
  weights: { folder: "/weights" },
  quarantined: ["liar"],
};

it("says so where no run is announced", async () => {
  const { code, out } = await train(["status", "--queue", queue]);
  expect([code, out]).toEqual([0, "no run is announced\nrollouts: 0 waiting, 0 claimed, 0 completed\nrewards:  0 waiting, 0 claimed, 0 completed"]);
});

describe("a run", () => {
  beforeAll(async () => {
    await link.announce(JSON.stringify(card));
    for (const id of ["a", "b", "c"]) await link.offer(item(id, "rollouts"));
    await (await link.claim({ kinds: ["rollouts"], worker: "w1" }))!.complete("done");
    await link.claim({ kinds: ["rollouts"], worker: "w2" });
  });

  it("is shown as lines, and as JSON", async () => {
    const { out } = await train(["status", "--queue", queue]);
    expect(out.split("\n")).toEqual([
      "training on trainer.example, process 77",
      "step 5, sampled with the weights after 3 steps (staleness 1)",
      "480 completions sampled, 432 scored, 3.3 sampled a second",
      "rollouts: 1 waiting, 1 claimed, 1 completed",
      "rewards:  0 waiting, 0 claimed, 0 completed",
      "worker w1: 9 pieces, the last one 61 s ago",
      "worker w2: 1 pieces, the last one 0 s ago",
      "worker liar: in quarantine",
    ]);
    const json = JSON.parse((await train(["status", "--queue", queue, "--json"])).out) as { run: object };
    expect(json.run).toMatchObject({ task: "training", step: 4, staleness: 1, rolloutsPerSecond: 3.25, quarantined: ["liar"] });
  });

  it("is read by Prometheus", async () => {
    const { port, close } = await serveMetrics(runMetrics(link), 0);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (const line of [
      'diffucoder_queue_items{kind="rollouts",state="waiting"} 1',
      'diffucoder_queue_items{kind="rollouts",state="completed"} 1',
      "diffucoder_train_step 4",
      "diffucoder_train_staleness 1",
      "diffucoder_train_rollouts_per_second 3.25",
      "diffucoder_train_workers 1",
      "diffucoder_train_quarantined_workers 1",
    ])
      expect(text.split("\n")).toContain(line);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    await expect(serveMetrics(runMetrics(link), port)).rejects.toThrow(
      `Port ${port} for --metrics-port is not available: listen EADDRINUSE: address already in use :::${port}. Give another one; 0 takes a free one.`,
    );
    close();
  });
});

it("a worker counts what it did, and what failed", async () => {
  const { work, registry } = countedWork(async ({ id }) => {
    if (id === "bad") throw new Error("failed");
    return id;
  });
  expect(await work(item("good", "rewards"), card)).toBe("good");
  await expect(work(item("bad", "rewards"), card)).rejects.toThrow("failed");
  const text = await registry.metrics();
  expect(text).toContain('diffucoder_worker_items_total{kind="rewards",outcome="done"} 1');
  expect(text).toContain('diffucoder_worker_items_total{kind="rewards",outcome="failed"} 1');
  expect(text).toMatch(/diffucoder_worker_busy_seconds_total\{kind="rewards"\} [\d.e-]+/);
});

it.each(["-1", "65536", "x", ""])("--metrics-port %j is no port", async (port) => {
  const { code, error } = await train(["worker", "--queue", queue, "--metrics-port", port]);
  expect([code, error]).toEqual([1, `--metrics-port must be a port, 0 to 65535, got ${JSON.stringify(port)}.`]);
});
