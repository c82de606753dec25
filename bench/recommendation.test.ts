import { createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { type Contender, MARGIN, recommended, standing, standingOf } from "./recommendation.ts";

const TASKS = 600;
/** Solves what the first share of the tasks are, but for every `lost`-th of them. */
const contender = (
  name: string,
  { lost = Infinity, passes, tokens = 100, tasks = TASKS }: { lost?: number; passes: number; tokens?: number; tasks?: number },
) => ({
  name,
  passed: Array.from({ length: tasks }, (_, i) => i % 10 < 8 && i % lost !== lost - 1),
  forwardPasses: passes,
  forwardTokens: tokens,
  milliseconds: 0,
});
const baseline = contender("one token a step", { passes: 40, tokens: 3700 });

describe("recommended", () => {
  it("is the setting of the fewest passes that is as good as the baseline, not the cheapest of all", () => {
    const poor = contender("poor", { lost: 4, passes: 5 });
    const good = contender("good", { passes: 8 });
    const slower = contender("slower", { passes: 12, tokens: 50 });
    expect(recommended(baseline, [poor, slower, good]).name).toBe("good");
    expect(recommended(baseline, [poor]).name).toBe("one token a step");
    expect(recommended(baseline, [contender("dear", { passes: 41 })]).name).toBe("one token a step");
  });

  it("has the fewest tokens through the network among those of about as many passes", () => {
    const settings = [
      contender("plain", { passes: 8, tokens: 700 }),
      contender("cached", { passes: 8.7, tokens: 300 }),
      contender("late", { passes: 9, tokens: 1 }),
    ];
    expect(recommended(baseline, settings).name).toBe("cached");
  });

  it("does not depend on how long anything took, nor on the order of the settings", () => {
    const random = createRandom(2);
    const settings = [4, 60, Infinity, Infinity].map((lost, i) => contender(`${i}`, { lost, passes: 6 + i, tokens: 500 - 100 * i }));
    const names = Array.from({ length: 20 }, () => {
      const shuffled = settings.map((one) => ({ ...one, milliseconds: random.uniform() * 100 })).toSorted(() => random.uniform() - 0.5);
      return recommended({ ...baseline, milliseconds: random.uniform() }, shuffled).name;
    });
    expect(new Set(names)).toEqual(new Set(["1"]));
  });
});

describe("standing", () => {
  it("is decided by an interval that lies on one side of the margin", () => {
    expect([standingOf([-0.029, 0.1]), standingOf([-MARGIN, 0]), standingOf([-0.09, -0.031]), standingOf([-0.05, 0.02])]).toEqual([
      "as good",
      "as good",
      "worse",
      "undecided",
    ]);
  });

  it("takes more tasks to be told where little is lost", () => {
    const of = (tasks: number): Contender => contender("", { lost: 70, passes: 1, tasks });
    expect(standing(baseline, of(70)).standing).toBe("undecided");
    expect(standing(baseline, of(TASKS)).standing).toBe("as good");
    expect(standing(baseline, of(TASKS)).difference).toBeCloseTo(baseline.passed.filter((pass, i) => pass && i % 70 === 69).length / -TASKS, 9);
  });
});
