// A Redis without memory, and one that does not answer for a while: the trainer waits, and each piece is used once.
import { setTimeout as wait } from "node:timers/promises";
import { openLink, redisLink, type QueueLink } from "@diffucoder/queue";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasRedis, startRedis, type TestRedis } from "../../../queue/src/redis-server.fixture.ts";
import { collect, type Piece } from "./collect.ts";

const LEASE = 1000;
let redis: TestRedis;
beforeAll(async () => {
  if (hasRedis) redis = await startRedis("--maxmemory-policy", "noeviction");
});
afterAll(() => redis?.end());

/** Does work until it is stopped; an error of the link fails the test. */
async function work(name: string, signal: AbortSignal): Promise<void> {
  const link = await redisLink({ url: redis.url, leaseMs: LEASE });
  for (; !signal.aborted; await wait(5)) {
    const claim = await link.claim({ kinds: ["rollouts"], worker: name });
    if (claim === undefined) continue;
    await wait(20);
    await claim.complete(`result of ${claim.item.id}`);
  }
  await link.close();
}

interface Collected {
  used: string[];
  /** What the trainer was told. */
  notes: string[];
}

/** Collects so many pieces of so many bytes with two workers. `trouble` sees how far it is. */
async function collected(name: string, count: number, { bytes, trouble }: { bytes: number; trouble: (run: Collected) => Promise<void> }) {
  const link = await redisLink({ url: redis.url, leaseMs: LEASE });
  const stop = new AbortController();
  const workers = ["w1", "w2"].map((worker) => work(worker, stop.signal));
  const run: Collected = { used: [], notes: [] };
  const done = collect(piecesOf(name, count, bytes), {
    link,
    overtakeMs: 60_000,
    quarantined: new Set(),
    name: "Training",
    onTaken: () => void run.used.push("one"),
    onWrong: async (worker, problem) => void run.notes.push(`${worker}: ${problem}`),
    onWaiting: () => void run.notes.push("waiting"),
    onFull: (problem) => void run.notes.push(problem),
    signal: stop.signal,
  });
  try {
    await trouble(run);
    expect(await done).toEqual(piecesOf(name, count, 0).map(({ item }) => `result of ${item.id}`));
    await expectNothingLeft(link);
  } finally {
    stop.abort();
    await Promise.allSettled([done]);
    await Promise.all(workers);
    await link.close();
  }
  return run;
}

function piecesOf(name: string, count: number, bytes: number): Piece<string>[] {
  return Array.from({ length: count }, (_, i): Piece<string> => {
    const id = `${name}-${i}`;
    return {
      rows: 1,
      item: { id, kind: "rollouts", group: id, version: 0, body: "x".repeat(bytes) },
      check: async (value) => (value === `result of ${id}` ? { value } : { problem: "another result" }),
    };
  });
}

async function expectNothingLeft(link: QueueLink): Promise<void> {
  for (const end = performance.now() + 20_000; performance.now() < end; await wait(50)) {
    for (const { id } of await link.results()) await link.withdraw([id]); // twins that came late
    const { waiting, claimed, completed } = (await link.counts()).rollouts;
    if (waiting + claimed + completed === 0) return;
  }
  expect((await link.counts()).rollouts).toEqual({ waiting: 0, claimed: 0, completed: 0 });
}

const FULL =
  "Room in the queue is not available: Redis has reached its maxmemory. Give Redis more memory (CONFIG SET maxmemory), or use a shared folder: --queue folder:DIR.";

describe.skipIf(!hasRedis)(`Redis in trouble${hasRedis ? "" : " (SKIPPED: there is no redis-server)"}`, () => {
  it("has no room for all that is offered, nor for what workers hand in: all wait, and go on when there is some", { timeout: 120_000 }, async () => {
    expect(await redis.command("CONFIG SET maxmemory 5mb")).toBe("+OK");
    const { used, notes } = await collected("full", 60, {
      bytes: 100_000, // 6 MB in all
      trouble: async (run) => {
        while (run.notes.length === 0) await wait(10);
        expect(run.used.length).toBeLessThan(60);
        await redis.command("CONFIG SET maxmemory 64mb");
        while (run.used.length < 10) await wait(10);
        await redis.command("CONFIG SET maxmemory 1");
        await wait(1.5 * LEASE);
        expect(run.used.length).toBeLessThan(60);
        await redis.command("CONFIG SET maxmemory 64mb");
      },
    });
    expect(used).toHaveLength(60);
    expect(new Set(notes)).toEqual(new Set([FULL]));
  });

  it("is full when a queue is opened and cleared: it says so, and is cleared", async () => {
    const link = await redisLink({ url: `${redis.url}/1` });
    await link.offer(piecesOf("left", 1, 10)[0]!.item);
    await redis.command("CONFIG SET maxmemory 1");
    await expect(link.offer(piecesOf("more", 1, 10)[0]!.item)).rejects.toThrow(FULL);
    await expect(link.announce("card")).rejects.toThrow(FULL);
    await expect(openLink(`${redis.url}/2`)).rejects.toThrow(
      `The queue on Redis at ${new URL(redis.url).host} is not available: it has reached its maxmemory. Give Redis more memory (CONFIG SET maxmemory).`,
    );
    await link.clear();
    expect((await link.counts()).rollouts).toEqual({ waiting: 0, claimed: 0, completed: 0 });
    await redis.command("CONFIG SET maxmemory 0");
    await link.close();
  });

  it("does not answer for longer than a lease: nothing is lost or used twice", { timeout: 120_000 }, async () => {
    const { used, notes } = await collected("stopped", 40, {
      bytes: 10,
      trouble: async (run) => {
        while (run.used.length < 5) await wait(10);
        redis.signal("SIGSTOP");
        const before = run.used.length;
        await wait(3 * LEASE);
        expect(run.used.length - before).toBeLessThan(10);
        redis.signal("SIGCONT");
      },
    });
    expect(used).toHaveLength(40);
    expect(notes).toEqual([]);
  });
});
