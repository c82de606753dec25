import { describe, expect, it } from "vitest";
import { MASK } from "../toy-logits.fixture.ts";
import { after, estimateOf, rolloutOf } from "./estimates.fixture.ts";
import { createEstimator, type EstimatorOptions } from "./index.ts";

describe("sandwiched", () => {
  const bounds = async (seed: number, options: EstimatorOptions): Promise<Record<"lower" | "upper", number[]>> => {
    const estimator = createEstimator({ estimator: "sandwiched", estimatorOptions: { mixWeight: 1, ...options } });
    const of = async (advantage: number) => (await estimateOf(estimator, [{ ...rolloutOf([2, 3, 0, 1], seed), advantage }]))[0]!;
    return { lower: await of(1), upper: await of(-1) };
  };

  it("is the Monte Carlo estimate where a completion was good", async () => {
    const wanted = await estimateOf(createEstimator({ estimator: "monteCarlo", estimatorOptions: { numMc: 3 } }), [rolloutOf([2, 3, 0, 1], 7)]);
    expect((await bounds(7, { numMc: 3 })).lower).toBeAllclose(wanted[0]!, { atol: 1e-5 });
  });

  it("is ln(sum w p^beta) / beta where it was bad, worked by hand", async () => {
    const { draw } = createEstimator({ estimator: "sandwiched", estimatorOptions: { numMc: 1 } });
    const { weight, mask } = draw([rolloutOf([2, 3, 0, 1], 7)], 0) as Record<"weight" | "mask", { data: ArrayLike<number> }>;
    const { upper } = await bounds(7, { numMc: 1, euboBeta: 2 });
    const words = [1, 2, 3, 0];
    const wanted = [2, 3, 0, 1].map((next, j) => {
      if (mask.data[j] === 0) return 0;
      const before = j > 0 && mask.data[j - 1] === 1 ? MASK : words[j]!;
      return Math.log(weight.data[j]! * Math.exp(2 * after(before, next))) / 2;
    });
    expect(upper).toBeAllclose(wanted, { atol: 1e-5 });
  });

  it("mixes the bounds by omega", async () => {
    const [whole, half] = [await bounds(9, { numMc: 4 }), await bounds(9, { numMc: 4, mixWeight: 0.25 })];
    expect(half.upper).toBeAllclose(
      whole.upper.map((one, j) => 0.25 * one + 0.75 * whole.lower[j]!),
      { atol: 1e-5 },
    );
  });
});
