import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { after, completions, estimateOf, rolloutOf } from "./estimates.fixture.ts";
import { createEstimator } from "./index.ts";

describe("leftToRight", () => {
  it("is the chain rule: each token after the ones before it", async () => {
    await fc.assert(
      fc.asyncProperty(completions, async (ids) => {
        const [logProbs] = await estimateOf(createEstimator({ estimator: "leftToRight" }), [rolloutOf(ids)]);
        expect(logProbs).toBeAllclose(
          ids.map((id, j) => after(j === 0 ? 1 : ids[j - 1]!, id)),
          { atol: 1e-5 },
        );
      }),
      { numRuns: 10, seed: 1 },
    );
  });
});
