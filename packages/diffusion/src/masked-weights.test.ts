import { int32 } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { diffusionWeights, maskedWeights } from "./index.ts";

// Two rows: of three and one eligible tokens, two and one are masked.
const mask = int32([0, 1, 0, 1, 0, 0, 0, 1], [2, 4]);
const eligible = int32([0, 1, 1, 1, 0, 0, 0, 1], [2, 4]);
const timesteps = [0.5, 0.25];

describe("maskedWeights", () => {
  it.each([
    ["token", [2 / 4, 2 / 4, 4 / 4]],
    ["sequence", [2 / 6, 2 / 6, 4 / 2]],
    ["batch", [2 / 2, 2 / 2, 4 / 2]],
    ["position", [2 / 8, 2 / 8, 4 / 8]],
  ] as const)("divides per %s", (per, [first, second, third]) => {
    expect([...maskedWeights({ mask, timesteps, eligible, per }).data]).toBeAllclose([0, first, 0, second, 0, 0, 0, third]);
  });

  it("counts all alike if it is asked to, and adds to the timestep", () => {
    expect([...maskedWeights({ mask, timesteps, eligible, weighting: "uniform" }).data]).toBeAllclose([0, 0.25, 0, 0.25, 0, 0, 0, 0.25]);
    expect(maskedWeights({ mask, timesteps, eligible, epsilon: 0.5 }).data[1]).toBeCloseTo(1 / 4);
  });

  it("has by default the weights of this package's own loss", () => {
    expect([...maskedWeights({ mask, timesteps, eligible }).data]).toEqual([...diffusionWeights({ mask, timesteps, eligible }).data]);
  });
});
