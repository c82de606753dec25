// Trainer, workers and Redis as real processes, killed at random moments: the model is that of one process that nothing disturbed.
// `KILLS=100 npx vitest run --project @diffucoder/app-train src/many-machines.test.ts` kills so often, one of them at a time.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createRandom } from "@diffucoder/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildTrain, main } from "./build-train.fixture.ts";
import { hasRedis, startRedis } from "../../../packages/queue/src/redis-server.fixture.ts";
import { hasPython, set, tinyPretraining } from "./run-train.fixture.ts";

const KILLS = Number(process.env["KILLS"] ?? 3);
const folder = mkdtempSync(join(tmpdir(), "many-machines-"));
const base = join(folder, "base");
const random = createRandom(17);
const missing = hasPython ? "" : " (SKIPPED: there is no python3)";

const training = set({
  "data.tasks": 6,
  "data.tiers": { 1: 1 },
  "training.maxSteps": Math.max(4, KILLS),
  "training.promptsPerStep": 2,
  "training.numGenerations": 6,
  "training.rewardWeights.length": 1, // so small a model writes no program: this tells its completions apart
  "training.learningRate": 1e-2,
  "sampling.steps": 4,
  "sampling.temperature": 1,
  "training.saveSteps": 2,
});

interface Running {
  child: ChildProcess;
  said: () => string;
  ended: Promise<number | null>;
}

function start(args: readonly string[]): Running {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return { child, said: () => said, ended: new Promise((resolve) => child.on("close", resolve)) };
}

const trainer = (output: string, ...queue: string[]): Running =>
  start(["coupled-grpo", "--model", join(base, "model"), "--output", join(folder, output), ...training, ...queue]);
const worker = (name: string, queue: string, ...more: string[]): Running =>
  start(["worker", "--queue", queue, "--name", name, "--cache", join(folder, "cache"), ...more]);
const weightsOf = (output: string): string =>
  createHash("sha256")
    .update(readFileSync(join(folder, output, "model/model.safetensors")))
    .digest("hex");

beforeAll(async () => {
  buildTrain();
  if (!hasPython) return;
  const pretrained = start(["pretrain", "--output", base, ...tinyPretraining]);
  if ((await pretrained.ended) !== 0) throw new Error(pretrained.said());
  for (const staleness of [0, 1]) {
    const alone = trainer(`alone-${staleness}`, "--max-staleness", String(staleness));
    if ((await alone.ended) !== 0) throw new Error(alone.said());
  }
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasPython)(`a run with workers${missing}`, () => {
  it.each([0, 1])("learns something with staleness %i, so that its weights tell", (staleness) => {
    const lines = readFileSync(join(folder, `alone-${staleness}`, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n");
    const figures = lines.map((line) => JSON.parse(line) as { informativeGroups: number });
    expect(figures.filter(({ informativeGroups }) => informativeGroups > 0).length).toBeGreaterThan(1);
  });

  const timeout = 120_000 + 30_000 * KILLS;

  it.skipIf(!hasRedis)(
    `ends with the same weights, whoever is killed, also with staleness 1${hasRedis ? "" : " (SKIPPED: there is no redis-server)"}`,
    { timeout },
    async () => {
      const redis = await startRedis();
      const queue = ["--queue", redis.url, "--replay", "0.2", "--max-staleness", "1"];
      let trains = trainer("killed", ...queue);
      const workers = [worker("w0", redis.url), worker("w1", redis.url)];
      let names = 2;
      const kill = {
        worker: async () => {
          const i = random.integer(0, workers.length);
          workers[i]!.child.kill("SIGKILL");
          await workers[i]!.ended;
          workers[i] = worker(`w${names++}`, redis.url);
        },
        trainer: async () => {
          trains.child.kill("SIGKILL");
          await trains.ended;
          trains = trainer("killed", ...queue);
        },
        redis: async () => {
          await redis.kill();
          await redis.start(); // empty
        },
      };
      const done = (): boolean => existsSync(join(folder, "killed/model/model.safetensors"));
      const killed: string[] = [];
      try {
        for (let i = 0; i < KILLS && !done(); i++) {
          await wait(random.integer(300, 2500));
          const who = (["worker", "trainer", "redis"] as const)[i % 3]!;
          killed.push(who);
          await kill[who]();
        }
        expect(await trains.ended, `${killed.join(", ")}\n${trains.said()}`).toBe(0);
        expect(killed.length, "the run was over before anybody was killed").toBeGreaterThan(0);
        expect(weightsOf("killed"), killed.join(", ")).toBe(weightsOf("alone-1"));
        expect(weightsOf("alone-1")).not.toBe(weightsOf("alone-0"));
        expect(trains.said()).not.toContain("quarantine");
        expect(readdirSync(join(folder, "killed")).filter((name) => /tmp|lock|queue/.test(name))).toEqual([]);
      } finally {
        for (const { child } of [trains, ...workers]) child.kill("SIGKILL");
        await Promise.all([trains, ...workers].map(({ ended }) => ended));
        await redis.end();
      }
    },
  );

  it("works over a shared folder, and a second trainer is told that the queue is used", { timeout }, async () => {
    const queue = `folder:${join(folder, "queue")}`;
    const first = trainer("shared", "--queue", queue);
    while (!existsSync(join(folder, "queue/card.json"))) await wait(50);
    const second = trainer("second", "--queue", queue);
    expect(await second.ended).toBe(1);
    expect(second.said()).toContain(`The queue is not available: another trainer (process ${first.child.pid} on `);
    const [rollouts, rewards] = [worker("a", queue, "--kinds", "rollouts", "--once"), worker("b", queue, "--kinds", "rewards", "--once")];
    expect(await first.ended, first.said()).toBe(0);
    expect(await rollouts.ended, rollouts.said()).toBe(0);
    expect(await rewards.ended, rewards.said()).toBe(0);
    expect(weightsOf("shared")).toBe(weightsOf("alone-0"));
    expect(readdirSync(join(folder, "queue/weights"))).toEqual([]);
  });
});

describe("what cannot work", () => {
  it.each([
    [["worker", "--queue", "redis://127.0.0.1:1"], "Redis at 127.0.0.1:1 is not available: no connection (ECONNREFUSED)."],
    [["worker", "--queue", "folder:/tmp", "--kinds", "evaluation"], '--kinds must be all, or some of rollouts,rewards, got "evaluation"'],
    [["worker", "--queue", `folder:${folder}/q`, "--python", "/no/python"], "/no/python"],
  ])("%j is one error", async (args, text) => {
    const refused = start(args);
    expect(await refused.ended).toBe(1);
    expect(refused.said()).toContain(text);
    expect(refused.said().trim().split("\n")).toHaveLength(1);
  });
});
