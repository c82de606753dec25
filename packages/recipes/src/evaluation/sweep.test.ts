import { describe, expect, it } from "vitest";
import { sweepOf } from "./sweep.ts";

describe("sweepOf", () => {
  it("is one run for one value of each, named by its temperature", () => {
    expect(sweepOf({ temperature: 0.2, steps: 8 })).toEqual([
      { point: { temperature: 0.2, steps: 8 }, label: "temperature 0.2", method: "temperature 0.2", fileName: "0.2" },
    ]);
    expect(sweepOf({ temperature: 1 })[0]!.point).toEqual({ temperature: 1 });
  });

  it("is every combination, with a method for each temperature and a file for each run", () => {
    const runs = sweepOf({ temperature: [0, 1], threshold: [0.8, 0.9], steps: [4] });
    expect(runs.map(({ label, method }) => [label, method])).toEqual([
      ["temperature 0, threshold 0.8, steps 4", "temperature 0"],
      ["temperature 0, threshold 0.9, steps 4", "temperature 0"],
      ["temperature 1, threshold 0.8, steps 4", "temperature 1"],
      ["temperature 1, threshold 0.9, steps 4", "temperature 1"],
    ]);
    expect(runs[1]).toMatchObject({ point: { temperature: 0, threshold: 0.9, steps: 4 }, fileName: "0-threshold-0.9-steps-4" });
    expect(new Set(runs.map(({ fileName }) => fileName)).size).toBe(4);
  });
});
