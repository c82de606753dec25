import { createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { comparePassAtK } from "./compare.ts";
import type { TaskCounts } from "./scoring/summarize-suites.ts";

const result = (taskId: string, n: number, c: number): TaskCounts => ({ taskId, n, c });
const random = createRandom(2);

describe("comparePassAtK", () => {
  it("pairs by task id and takes the difference of the means", () => {
    const before = [result("a", 4, 1), result("b", 4, 2)];
    const after = [result("b", 4, 3), result("a", 4, 1)];
    // before (1/4 + 2/4) / 2, after (1/4 + 3/4) / 2
    const comparison = comparePassAtK(before, after, { k: 1, random });
    expect(comparison).toMatchObject({ before: 0.375, after: 0.5, difference: 0.125, interval95: [0, 0.25], tasks: 2 });
    expect(comparison.afterInterval95).toEqual([0.25, 0.75]);
  });

  it("leaves out tasks that one side has too few scored samples of", () => {
    const before = [result("a", 4, 0), result("b", 4, 4), result("only before", 4, 4)];
    const after = [result("a", 4, 0), result("b", 1, 0)];
    expect(comparePassAtK(before, after, { k: 2, random })).toMatchObject({ before: 0, after: 0, difference: 0, tasks: 1 });
  });

  it("refuses to compare nothing", () => {
    expect(() => comparePassAtK([result("a", 4, 0)], [result("b", 4, 0)], { k: 1, random })).toThrow(
      "after must be results of the tasks in before, with at least 1 scored samples each, got 1.",
    );
  });
});
