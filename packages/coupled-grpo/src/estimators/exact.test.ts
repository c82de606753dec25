import { initAdamW } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { CoupledGrpoConfigSchema } from "../config.ts";
import { createPolicy } from "../policy.ts";
import { logProbAfter, MASK, toyLogits, toyParameters, VOCAB } from "../toy-logits.fixture.ts";
import { rolloutOf } from "./estimates.fixture.ts";

describe("exact", () => {
  it("gives the policy gradient: -1/N sum_j A (1[o_j] - p(. | o_j-1)) in the row of the word before, N tokens that count", async () => {
    const parameters = toyParameters();
    const rollouts = [
      { ...rolloutOf([2, 3, 2]), advantage: 1.5 },
      { ...rolloutOf([3, 0, 0], 1, [1, 1, 0]), advantage: -0.5 },
    ];
    const wanted = Array.from({ length: VOCAB }, () => new Array<number>(VOCAB).fill(0));
    for (const { completionIds, completionMask, advantage } of rollouts)
      completionIds.forEach((id, j) => {
        const before = j === 0 ? 1 : completionIds[j - 1]!;
        for (let word = 0; word < VOCAB; word++) {
          const p = Math.exp(logProbAfter(parameters, before, word));
          wanted[before]![word]! -= (completionMask[j]! * advantage * (Number(word === id) - p)) / 5;
        }
      });
    const training = { maxSteps: 1, promptsPerStep: 1, learningRate: 0.01, beta: 0, estimator: "exact", maxGradNorm: 1e6, adamBeta1: 0.5 };
    const policy = createPolicy({ logits: toyLogits, maskTokenId: MASK, config: CoupledGrpoConfigSchema.parse(training) });
    const { state } = await policy.update({ parameters, adam: initAdamW(parameters) }, rollouts, { iteration: 0, lr: 0.01, count: 1 });
    policy.dispose();
    // The first moment after a first step is (1 - beta_1) times the gradient.
    expect(Array.from(state.adam.m["table"]!.data, (m) => m / 0.5)).toBeAllclose(wanted.flat(), { atol: 1e-6 });
  });
});
