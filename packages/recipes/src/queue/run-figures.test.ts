import { inProcessLink } from "@diffucoder/queue";
import { describe, expect, it } from "vitest";
import { queueStatus } from "./queue-status.ts";
import { RunFigures } from "./run-figures.ts";

describe("the figures of a run", () => {
  it("count completions, and tell speed over the last minute alone", () => {
    const figures = new RunFigures(1000);
    expect(figures.plain(1000)).toEqual({ rollouts: 0, rewards: 0, rolloutsPerSecond: 0, workers: [] });
    figures.add({ worker: "a", kind: "rollouts", rows: 8 }, 2000);
    figures.add({ worker: "a", kind: "rewards", rows: 8 }, 3000);
    figures.add({ worker: "b", kind: "rollouts", rows: 4 }, 5000);
    // 12 rollouts in the 4 seconds since it began
    expect(figures.plain(5000)).toEqual({
      rollouts: 12,
      rewards: 8,
      rolloutsPerSecond: 3,
      workers: [
        { name: "a", results: 2, secondsAgo: 2 },
        { name: "b", results: 1, secondsAgo: 0 },
      ],
    });
    expect(figures.plain(63_000).rolloutsPerSecond).toBeCloseTo(4 / 60); // those of 2000 are over a minute old
  });

  it("are nothing where nobody announces a run, or one of another version does", async () => {
    const link = inProcessLink();
    const none = { waiting: 0, claimed: 0, completed: 0 };
    await link.offer({ id: "a", kind: "rewards", group: "a", version: 0, body: "" });
    const status = { queue: { rollouts: none, rewards: { ...none, waiting: 1 } }, run: undefined };
    expect(await queueStatus(link)).toEqual(status);
    await link.announce('{"format":1}');
    expect(await queueStatus(link)).toEqual(status);
  });
});
