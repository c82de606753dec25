import { createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { MARGIN, recommended, type Standing, standing, standingOf } from "./recommendation.ts";

const contender = (
  name: string,
  forwardPasses: number,
  { stands = "as good", forwardTokens = 100 }: { stands?: Standing; forwardTokens?: number } = {},
) => ({
  name,
  forwardPasses,
  forwardTokens,
  standing: stands,
  milliseconds: 0,
});
const baseline = contender("one token a step", 40, { forwardTokens: 3700 });

describe("recommended", () => {
  it("is the setting of the fewest passes that is as good as the baseline, not the cheapest of all", () => {
    const others = [
      contender("poor", 5, { stands: "worse" }),
      contender("unsure", 6, { stands: "undecided" }),
      contender("slow", 12),
      contender("good", 8),
    ];
    expect(recommended(baseline, others).name).toBe("good");
    expect(recommended(baseline, others.slice(0, 2)).name).toBe("one token a step");
    expect(recommended(baseline, [contender("dear", 41)]).name).toBe("one token a step");
  });

  it("has the fewest tokens through the network among those of about as many passes", () => {
    const settings = [["plain", 8, 700] as const, ["cached", 8.7, 300] as const, ["late", 8.8, 1] as const];
    expect(
      recommended(
        baseline,
        settings.map(([name, passes, forwardTokens]) => contender(name, passes, { forwardTokens })),
      ).name,
    ).toBe("cached");
  });

  it("does not depend on how long anything took, nor on the order of the settings", () => {
    const random = createRandom(2);
    const settings = [4, 6, 7, 9].map((passes, i) =>
      contender(`${i}`, passes, { stands: i === 0 ? "worse" : "as good", forwardTokens: 500 - 100 * i }),
    );
    const names = Array.from({ length: 50 }, () => {
      const timed = settings.map((one) => ({ one: { ...one, milliseconds: 100 * random.uniform() }, at: random.uniform() }));
      const shuffled = timed.toSorted((a, b) => a.at - b.at).map(({ one }) => one);
      return recommended({ ...baseline, milliseconds: random.uniform() }, shuffled).name;
    });
    expect(new Set(names)).toEqual(new Set(["1"]));
  });
});

describe("standing", () => {
  const solved = Array.from({ length: 600 }, (_, i) => i % 10 < 8);
  const losing = (every: number, tasks = 600): boolean[] => solved.slice(0, tasks).map((pass, i) => pass && i % every !== 0);

  it("is decided by an interval that lies on one side of the margin", () => {
    const intervals = [[-0.029, 0.1] as const, [-MARGIN, 0] as const, [-0.09, -0.031] as const, [-0.05, 0.02] as const];
    expect(intervals.map(standingOf)).toEqual(["as good", "as good", "worse", "undecided"]);
  });

  it("is told by enough tasks, and never by few that show no difference", () => {
    expect(standing(solved, losing(71)).standing).toBe("as good");
    expect(standing(solved, losing(71, 60)).standing).toBe("undecided");
    expect(standing(solved, losing(7)).standing).toBe("worse");
    const few = standing(solved, solved.slice(0, 50));
    expect([few.difference, few.interval95, few.standing]).toEqual([0, [-0.06, 0.06], "undecided"]);
    expect(standing(solved, solved.slice(0, 100)).standing).toBe("as good");
  });
});
