import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coupled } from "./coupled.ts";
import { after, completions, estimateOf, rolloutOf } from "./estimates.fixture.ts";
import { partition } from "./partition.ts";

describe("partition", () => {
  it("of two parts is the coupled estimate, from the same seed", async () => {
    const rollouts = [3, 4, 5].map((seed) => rolloutOf([2, 3, 0, 1, 1], seed));
    const wanted = await estimateOf(coupled, rollouts);
    const got = await estimateOf(partition({ parts: 2, lambda: 1, weights: "inverseShare" }), rollouts);
    for (const [i, row] of got.entries()) expect(row).toBeAllclose(wanted[i]!, { atol: 1e-5 });
  });

  it("of as many parts as tokens is the pseudo-likelihood: each token with all others visible", async () => {
    await fc.assert(
      fc.asyncProperty(
        completions.filter(({ length }) => length > 2),
        fc.nat(),
        async (ids, seed) => {
          const estimator = partition({ parts: ids.length, lambda: 0, weights: "none" });
          const [logProbs] = await estimateOf(estimator, [rolloutOf(ids, seed)]);
          const wanted = ids.map((id, j) => after(j === 0 ? 1 : ids[j - 1]!, id));
          expect(logProbs).toBeAllclose(wanted, { atol: 1e-5 });
        },
      ),
      { numRuns: 10, seed: 2 },
    );
  });

  it("masks every token in exactly one part, and reads it there", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 7 }), fc.integer({ min: 1, max: 12 }), fc.nat(), (parts, length, seed) => {
        const { mask, pass, weight } = partition({ parts, lambda: 0, weights: "inverseShare" }).draw(
          [
            rolloutOf(
              Array.from({ length }, () => 0),
              seed,
            ),
          ],
          0,
        );
        for (let j = 0; j < length; j++) {
          const masked = Array.from({ length: parts }, (_, v) => v).filter((v) => mask!.data[v * length + j] === 1);
          expect(masked).toEqual([pass!.data[j]]);
          const size = Array.from({ length }, (_, i) => pass!.data[i]).filter((one) => one === pass!.data[j]).length;
          if (parts > 2) expect(weight!.data[j]).toBeCloseTo(length / size, 4);
        }
      }),
      { numRuns: 50, seed: 3 },
    );
  });
});
