import { describe, expect, it } from "vitest";
import { MASK } from "../toy-logits.fixture.ts";
import { after, estimateOf, rolloutOf } from "./estimates.fixture.ts";
import { createEstimator } from "./index.ts";

describe("sequenceLevel", () => {
  it("is one value for a completion: the bound per token through the end token, worked by hand", async () => {
    const estimator = createEstimator({ estimator: "sequenceLevel", estimatorOptions: { numMc: 1 } });
    const one = rolloutOf([2, 3, 0], 4, [1, 1, 0]);
    const { mask, weight } = estimator.draw([one], 0) as Record<"mask" | "weight", { data: ArrayLike<number> }>;
    const masked = Array.from(mask.data).slice(0, 3);
    const x = masked.reduce((sum, isMasked) => sum + isMasked, 0);
    const w = masked.map((isMasked) => 4 / (2 * (isMasked === 1 ? x : 3 - x)));
    expect(Array.from(weight.data)).toBeAllclose(w, { atol: 1e-6 });
    // The second token is read in the pass that masks it; the first is visible there if it is of the other part.
    const before = masked[0] === masked[1] ? MASK : 2;
    expect(await estimateOf(estimator, [one])).toEqual([[expect.closeTo((w[0]! * after(1, 2) + w[1]! * after(before, 3)) / 2, 4)]]);
  });
});
