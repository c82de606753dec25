import { initAdamW } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { CoupledGrpoConfigSchema } from "./config.ts";
import { createPolicy } from "./policy.ts";
import type { Rollout } from "./rollout.ts";
import { MASK, toyLogits, toyParameters, VOCAB } from "./toy-logits.fixture.ts";

const config = CoupledGrpoConfigSchema.parse({ maxSteps: 1, promptsPerStep: 1, learningRate: 0.01, beta: 0 });
const policy = createPolicy({ logits: toyLogits, maskTokenId: MASK, vocabSize: VOCAB, config });

const good: Rollout = {
  promptIds: [0, 1],
  promptMask: [1, 1],
  completionIds: [2, 3],
  completionMask: [1, 1],
  reward: 1,
  advantage: 1,
  maskSeeds: [7],
  trace: { initialIds: [], maskTokenId: MASK, steps: [] },
};
const update = (rollouts: readonly Rollout[], iteration = 0) => {
  const parameters = toyParameters();
  return policy.update({ parameters, adam: initAdamW(parameters) }, rollouts, { iteration, lr: 0.01, count: 1 });
};

describe("a policy's rollouts", () => {
  it.each([-2, -100, 20.7, Number.NaN, VOCAB])("may not hold %s for an id", async (bad) => {
    const expected = `must be a token id, an integer from 0 to 4, got ${bad}.`;
    for (const field of ["promptIds", "completionIds"]) {
      const rollouts = [good, { ...good, [field]: [1, bad] }];
      await expect(update(rollouts)).rejects.toThrow(`rollouts[1].${field}[1] ${expected}`);
      await expect(policy.estimate(toyParameters(), rollouts, 0)).rejects.toThrow(`rollouts[1].${field}[1] ${expected}`);
    }
  });

  it.each([
    [{ promptIds: [1] }, 'rollouts[1].promptIds must be 2 numbers, as rollouts[0]\'s, got "1 of them".'],
    [{ completionIds: [1, 2, 3] }, 'rollouts[1].completionIds must be 2 numbers, as rollouts[0]\'s, got "3 of them".'],
    [{ promptMask: [1, 2] }, "rollouts[1].promptMask[1] must be 0 or 1, got 2."],
    [{ promptMask: undefined }, "rollouts[1].promptMask must be 2 numbers, each 0 or 1, got undefined."],
    [{ completionMask: [1, Number.NaN] }, "rollouts[1].completionMask[1] must be 0 or 1, got NaN."],
    [{ completionMask: [1] }, 'rollouts[1].completionMask must be 2 numbers, as its ids, got "1 of them".'],
    [{ maskSeeds: [] }, "rollouts[1].maskSeeds[0] must be a seed, an integer of at least 0, got undefined."],
    [{ maskSeeds: [1.5] }, "rollouts[1].maskSeeds[0] must be a seed, an integer of at least 0, got 1.5."],
    [{ advantage: Number.NaN }, "rollouts[1].advantage must be a finite number, got NaN."],
    [{ advantage: 1e300 }, "rollouts[1].advantage must be a finite number, got 1e+300."],
    [{ oldPerTokenLogProbs: [new Float32Array(2)] }, "rollouts[1].oldPerTokenLogProbs[0] must be present or absent, as in rollouts[0]"],
  ])("are refused with %j", async (wrong, message) => {
    await expect(update([good, { ...good, ...(wrong as object) }])).rejects.toThrow(message);
  });

  it("are refused with estimates of another length, and if there are none", async () => {
    await expect(update([{ ...good, refPerTokenLogProbs: [new Float32Array(3)] }])).rejects.toThrow(
      'rollouts[0].refPerTokenLogProbs[0] must be 2 numbers, as completionIds, got "3 of them".',
    );
    await expect(update([])).rejects.toThrow("rollouts must be at least one rollout, got [].");
  });

  it("may be typed arrays where they are ids", async () => {
    const typed = { ...good, completionIds: Int32Array.from(good.completionIds) as unknown as number[] };
    const figures = async (rollout: Rollout) => {
      const { loss, gradNorm, figures: others } = await update([rollout]);
      return { loss, gradNorm, ...others };
    };
    expect(await figures(typed)).toEqual(await figures(good));
  });
});
