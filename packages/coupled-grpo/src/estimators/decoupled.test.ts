import { describe, expect, it } from "vitest";
import { MASK } from "../toy-logits.fixture.ts";
import { after, estimateOf, rolloutOf } from "./estimates.fixture.ts";
import { createEstimator } from "./index.ts";

describe("decoupled", () => {
  it("adds what each view masks to the pass of nothing but masks, worked by hand", async () => {
    const estimator = createEstimator({ estimator: "decoupled" });
    const rollouts = [rolloutOf([2, 3], 8)];
    const { mask, weight } = estimator.draw(rollouts, 0) as Record<"mask" | "weight", { data: ArrayLike<number> }>;
    const [m1, m2] = [Array.from(mask.data).slice(2, 4), Array.from(mask.data).slice(4, 6)];
    const seenBefore = (view: readonly number[]): number => (view[0] === 1 ? MASK : 2); // what stands before the second token
    const wanted = [after(1, 2) / 2, after(MASK, 3) / 2];
    for (const [v, view] of [m1, m2].entries()) {
      const own = Array.from(weight.data).slice(2 * (v + 1), 2 * (v + 2));
      wanted[0]! += own[0]! * after(1, 2);
      wanted[1]! += own[1]! * after(seenBefore(view), 3);
      own.forEach((one, j) => expect(one > 0).toBe(view[j] === 1));
    }
    const [logProbs] = await estimateOf(estimator, rollouts);
    expect(logProbs).toBeAllclose(wanted, { atol: 1e-5 });
  });
});
