import { InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupMeanAdvantages, leaveOneOutAdvantages } from "./advantages.ts";

const groups = fc.tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 4 })).chain(([size, count]) =>
  fc.record({
    size: fc.constant(size),
    rewards: fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: size * count, maxLength: size * count }),
  }),
);

describe("leaveOneOutAdvantages", () => {
  it("subtracts the mean of the others, worked by hand", () => {
    expect(leaveOneOutAdvantages([2.5, 0.5, 0, 1], 4)).toBeAllclose([2.5 - 0.5, 0.5 - 3.5 / 3, 0 - 4 / 3, 1 - 1], { atol: 1e-12 });
    expect(leaveOneOutAdvantages([1, 0, 3, 3], 2)).toEqual([1, -1, 0, 0]); // two groups
  });

  it("gives a reward that could not be computed 0, and leaves it out of the others' mean", () => {
    expect(leaveOneOutAdvantages([1, null, 0], 3)).toEqual([1, 0, -1]);
    expect(leaveOneOutAdvantages([1, null], 2)).toEqual([0, 0]); // one alone has nobody to be compared with
  });

  it("is the mean of the others for all rewards", () => {
    fc.assert(
      fc.property(groups, ({ size, rewards }) => {
        const advantages = leaveOneOutAdvantages(rewards, size);
        rewards.forEach((reward, i) => {
          const start = i - (i % size);
          const others = rewards.slice(start, start + size).filter((_, j) => start + j !== i);
          expect(advantages[i]).toBeCloseTo(reward - others.reduce((sum, one) => sum + one, 0) / others.length, 9);
        });
      }),
    );
  });
});

describe("groupMeanAdvantages", () => {
  it("subtracts the mean of all, worked by hand", () => {
    expect(groupMeanAdvantages([2, 0, 1], 3)).toEqual([1, -1, 0]);
  });

  it("divides by the group's standard deviation if asked", () => {
    const deviation = Math.sqrt(2 / 1); // of 2 and 0 around 1, with n - 1
    expect(groupMeanAdvantages([2, 0], 2, { scaleRewards: true })).toBeAllclose([1 / (deviation + 1e-4), -1 / (deviation + 1e-4)], { atol: 1e-12 });
    expect(groupMeanAdvantages([2, 2], 2, { scaleRewards: true })).toEqual([0, 0]);
  });

  it("is leave-one-out shrunk by (G - 1) / G", () => {
    fc.assert(
      fc.property(groups, ({ size, rewards }) => {
        const shrunk = leaveOneOutAdvantages(rewards, size).map((advantage) => (advantage * (size - 1)) / size);
        expect(groupMeanAdvantages(rewards, size)).toBeAllclose(shrunk, { atol: 1e-9 });
      }),
    );
  });
});

it("sums to zero in every group, whichever baseline", () => {
  fc.assert(
    fc.property(groups, fc.boolean(), ({ size, rewards }, scaleRewards) => {
      for (const of of [leaveOneOutAdvantages, groupMeanAdvantages]) {
        const advantages = of(rewards, size, { scaleRewards });
        for (let start = 0; start < rewards.length; start += size) {
          expect(advantages.slice(start, start + size).reduce((sum, one) => sum + one, 0)).toBeCloseTo(0, 6);
        }
      }
    }),
  );
});

it("refuses rewards that are no whole groups of at least two", () => {
  expect(() => leaveOneOutAdvantages([1, 2, 3], 2)).toThrow(InvalidArgumentError);
  expect(() => groupMeanAdvantages([1, 2], 1)).toThrow("groupSize");
});

it.each([Number.NaN, Infinity, -Infinity, undefined, "1", true, 1e300])("names a reward of %s", (bad) => {
  const shown = typeof bad === "string" ? JSON.stringify(bad) : String(bad);
  for (const of of [leaveOneOutAdvantages, groupMeanAdvantages])
    expect(() => of([1, 0, 2, bad as number], 2)).toThrow(
      `rewards[3] must be a finite number for completion 3, or null where it could not be computed, got ${shown}.`,
    );
});
