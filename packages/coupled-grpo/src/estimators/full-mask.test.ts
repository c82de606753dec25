import { describe, expect, it } from "vitest";
import { MASK } from "../toy-logits.fixture.ts";
import { after, estimateOf, rolloutOf } from "./estimates.fixture.ts";
import { createEstimator } from "./index.ts";

describe("fullMask", () => {
  it("sees the prompt and masks, worked by hand", async () => {
    const [logProbs] = await estimateOf(createEstimator({ estimator: "fullMask" }), [rolloutOf([2, 3])]);
    expect(logProbs).toBeAllclose([after(1, 2), after(MASK, 3)], { atol: 1e-5 });
  });
});
