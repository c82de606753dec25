// 10,000 rollouts in groups of eight, each of which is offered twice and done by several workers: each is used once, and none is lost.
import { inProcessLink, type QueueLink } from "@diffucoder/queue";
import { createRandom } from "@diffucoder/core";
import { expect, it } from "vitest";
import { collect, type Piece } from "./collect.ts";

const [STEPS, GROUPS, SIZE, WORKERS] = [25, 50, 8, 5];
const random = createRandom(17);
const stop = new AbortController();

/** Claims, is slow, dies, hands in what it should not have, or hands in too late. */
async function work(link: QueueLink, worker: string): Promise<void> {
  for (; !stop.signal.aborted; await new Promise((resolve) => setTimeout(resolve, 1))) {
    const claim = await link.claim({ kinds: ["rollouts"], worker });
    if (claim === undefined) continue;
    const fate = random.uniform();
    if (fate < 0.1) continue; // dies: its lease runs out
    if (fate < 0.2) await claim.release();
    else if (fate < 0.3) setTimeout(() => void claim.complete(claim.item.body), 60); // after its lease
    else await claim.complete(fate < 0.32 ? "nonsense" : claim.item.body);
  }
}

it("uses each of 10,000 rollouts once, whatever workers do and however often it was offered", { timeout: 120_000 }, async () => {
  const link = inProcessLink({ leaseMs: 50 });
  const workers = Array.from({ length: WORKERS }, (_, i) => work(link, `w${i}`));
  let uses = 0;
  const [seen, wrong] = [new Map<string, number>(), [] as string[]];
  let overtaken = 0;
  for (let step = 0; step < STEPS; step++) {
    const names = Array.from({ length: GROUPS }, (_, group) => `s${step}-${group}`);
    const pieces = names.map((id): Piece<string> => ({
      rows: SIZE,
      item: { id, kind: "rollouts", group: id, version: step, body: `rollouts of ${id}` },
      check: async (value) => {
        seen.set(id, (seen.get(id) ?? 0) + 1);
        return value === `rollouts of ${id}` ? { value } : { problem: "its result has another form" };
      },
    }));
    const used = await collect(pieces, {
      link,
      overtakeMs: 0, // whatever is missing is offered a second time at once
      quarantined: new Set(),
      name: "Training",
      onTaken: () => {},
      onWrong: async (worker) => void wrong.push(worker),
      onWaiting: () => overtaken++,
      onFull: () => {},
      signal: stop.signal,
    });
    expect(used).toEqual(names.map((id) => `rollouts of ${id}`));
    uses += SIZE * new Set(used).size;
  }
  stop.abort();
  await Promise.all(workers);
  for (const { id } of await link.results()) await link.withdraw([id]); // twins that came after the last step
  expect(uses).toBe(10_000);
  expect(overtaken).toBeGreaterThan(0);
  expect(wrong.length, "nobody handed in nonsense").toBeGreaterThan(0);
  const [lowest, results] = [Math.min(...seen.values()), [...seen.values()].reduce((sum, one) => sum + one, 0)];
  expect(lowest, "a piece without a result").toBeGreaterThan(0);
  expect(results, "no piece came twice").toBeGreaterThan(STEPS * GROUPS);
});
