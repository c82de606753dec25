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

it("lets those leave the queue whose signal says so, and continues after a job that failed", async () => {
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

it("submits in turns between callers, and does not wait for the work to be done", async () => {
  const pool = new Pool(["one", "two"]);
  const done: (() => void)[] = [];
  const started: string[] = [];
  const submit = (caller: string, signal?: AbortSignal) =>
    pool.submit(
      (item) => {
        started.push(caller);
        return new Promise<string>((resolve) => done.push(() => resolve(item)));
      },
      { caller, ...(signal && { signal }) },
    );
  const first = await submit("a");
  await submit("a");
  const controller = new AbortController();
  const waiting = ["a", "a", "b"].map((caller) => submit(caller));
  const gone = submit("c", controller.signal);
  controller.abort();
  await expect(gone).rejects.toThrow("A sandbox job was stopped.");
  expect(started).toEqual(["a", "a"]);
  done[0]?.();
  await waiting[0];
  done[1]?.();
  await waiting[2];
  expect(started).toEqual(["a", "a", "a", "b"]);
  expect(await first.result).toMatch(/one|two/);
  done[2]?.();
  await waiting[1];
  expect(started).toEqual(["a", "a", "a", "b", "a"]);
});

it("rejects the awaiting caller's promise, and no other", async () => {
  const pool = new Pool(["w"]);
  const { result } = await pool.submit(() => Promise.reject(new Error("broken")));
  expect(await pool.use(async () => "next")).toBe("next");
  await expect(result).rejects.toThrow("broken");
});
