import { AbortedError } from "@diffucoder/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Pool } from "./pool.ts";

/** Runs jobs that take turns of the event loop, and notes in which order they begin. */
function runAll(pool: Pool<string>, callers: readonly string[]): Promise<string[]> {
  const order: string[] = [];
  const jobs = callers.map((caller) =>
    pool.use(
      async () => {
        order.push(caller);
        await new Promise(setImmediate);
      },
      { caller },
    ),
  );
  return Promise.all(jobs).then(() => order);
}

it("takes callers in turns, however much each has waiting", async () => {
  expect(await runAll(new Pool(["w"]), ["a", "a", "a", "a", "b", "b", "c"])).toEqual(["a", "a", "b", "c", "a", "b", "a"]);
});

it("never uses an item twice at a time, and serves everyone", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 20 }), fc.integer({ min: 1, max: 3 }), async (callers, size) => {
      const busy = new Set<number>();
      const pool = new Pool(Array.from({ length: size }, (_, i) => i));
      const jobs = callers.map((caller) =>
        pool.use(
          async (item) => {
            expect(busy.has(item)).toBe(false);
            busy.add(item);
            await new Promise(setImmediate);
            busy.delete(item);
          },
          { caller },
        ),
      );
      await Promise.all(jobs);
      expect(busy.size).toBe(0);
    }),
    { numRuns: 30 },
  );
});

it("lets those leave the queue whose signal says so, and goes on after a job that failed", async () => {
  const pool = new Pool(["w"]);
  const controller = new AbortController();
  const first = pool.use(async () => {
    await new Promise(setImmediate);
    throw new Error("broken");
  });
  const second = pool.use(async () => "never", { signal: controller.signal });
  const third = pool.use(async () => "done");
  controller.abort();
  await expect(second).rejects.toThrow(AbortedError);
  await expect(first).rejects.toThrow("broken");
  expect(await third).toBe("done");
  await expect(pool.use(async () => "never", { signal: controller.signal })).rejects.toThrow("A sandbox job was stopped.");
});
