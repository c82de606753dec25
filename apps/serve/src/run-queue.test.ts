import { describe, expect, it } from "vitest";
import { RunQueue } from "./run-queue.ts";

const never = new AbortController().signal;

describe("RunQueue", () => {
  it("lets one run at a time, in the order of arrival", async () => {
    const queue = new RunQueue({ maxRunning: 1, maxWaiting: 5 });
    const log: string[] = [];
    const run = async (name: string) => {
      const release = await queue.acquire(never);
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
      release();
      release(); // harmless
    };
    await Promise.all([run("a"), run("b"), run("c")]);
    expect(log).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
    expect(queue.running).toBe(0);
  });

  it("lets as many run together as it may", async () => {
    const queue = new RunQueue({ maxRunning: 2, maxWaiting: 5 });
    const [first, second] = [await queue.acquire(never), await queue.acquire(never)];
    const third = queue.acquire(never);
    expect([queue.running, queue.waiting]).toEqual([2, 1]);
    second();
    (await third)();
    expect([queue.running, queue.waiting]).toEqual([1, 0]);
    first();
    expect(queue.running).toBe(0);
  });

  it("refuses when too many wait", async () => {
    const queue = new RunQueue({ maxRunning: 1, maxWaiting: 1 });
    const release = await queue.acquire(never);
    const second = queue.acquire(never);
    await expect(queue.acquire(never)).rejects.toMatchObject({
      status: 429,
      code: "queue_full",
      message: "Too many requests are waiting. Try again in a moment.",
    });
    release();
    (await second)();
    expect(queue.waiting).toBe(0);
  });

  it("says when to try again by how many wait", async () => {
    const queue = new RunQueue({ maxRunning: 1, maxWaiting: 5 });
    expect(queue.retryAfterSeconds).toBe(1);
    const release = await queue.acquire(never);
    const waiting = [queue.acquire(never), queue.acquire(never)];
    expect(queue.retryAfterSeconds).toBe(3);
    release(); // a turn of no time: the next ones are expected to be shorter
    (await waiting[0]!)();
    (await waiting[1]!)();
    expect(queue.retryAfterSeconds).toBe(1);
  });

  it("gives up the place of a client that leaves", async () => {
    const queue = new RunQueue({ maxRunning: 1, maxWaiting: 5 });
    const release = await queue.acquire(never);
    const leaving = new AbortController();
    const left = queue.acquire(leaving.signal);
    const third = queue.acquire(never);
    leaving.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    expect(queue.waiting).toBe(1);
    release();
    (await third)();
    expect(queue.running).toBe(0);
  });
});
