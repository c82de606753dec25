import { createRandom } from "@diffucoder/core";
import { expect, it } from "vitest";
import { type QueueTimes, simulateQueue } from "./queue-simulation.ts";

const times: QueueTimes = { rollouts: [3], rewards: [1], train: 2, publish: 0.5, load: 0.25, send: 0.25, handle: 0 };
const simulate = (options: { workers: number; groups?: number; staleness?: number; replay?: number }) =>
  simulateQueue({ times, groups: 4, steps: 10, staleness: 0, replay: 0, random: createRandom(0), ...options });

it("takes the sum of all times with one worker, and looks for work and results in between", () => {
  const { seconds, busy } = simulate({ workers: 1 });
  const sum = 10 * (0.5 + 0.5 + 4 * (3 + 1 + 2));
  expect(seconds).toBeGreaterThan(sum);
  expect(seconds).toBeLessThan(sum + 10 * 2 * (0.05 + 0.02));
  expect(busy).toBeCloseTo((10 * 4 * 4) / seconds);
});

it("gains nothing by more workers than groups, but for what sending the weights to each costs", () => {
  expect(simulate({ workers: 4 }).seconds).toBeLessThan(10 * (0.5 + 0.25 + 4 * 0.25 + 3 + 1 + 4 * 2 + 0.2));
  expect(simulate({ workers: 400 }).groupsPerSecond / simulate({ workers: 4 }).groupsPerSecond).toBeCloseTo(1, 1);
});

it("hides sampling behind training with weights that are one step older, but not more than there is of either", () => {
  const [now, older] = [simulate({ workers: 4 }), simulate({ workers: 4, staleness: 1 })];
  expect(older.seconds).toBeLessThan(0.85 * now.seconds);
  expect(older.seconds).toBeGreaterThan(10 * 4 * 2);
});

it("lets the trainer wait for what it computes once more", () => {
  expect(simulate({ workers: 4, replay: 1 }).seconds).toBeGreaterThan(simulate({ workers: 4 }).seconds + 10 * 3 * 3);
});
