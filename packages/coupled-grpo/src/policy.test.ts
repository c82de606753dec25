import { createRandom } from "@diffucoder/core";
import { add, float32, initAdamW, mean, mul } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { CoupledGrpoConfigSchema } from "./config.ts";
import type { Estimator } from "./estimators/estimator.ts";
import { coupled } from "./estimators/coupled.ts";
import { createPolicy } from "./policy.ts";
import type { Rollout } from "./rollout.ts";
import { MASK, toyLogits, toyParameters } from "./toy-logits.fixture.ts";

const config = CoupledGrpoConfigSchema.parse({ maxSteps: 1, promptsPerStep: 1, learningRate: 0.01, beta: 0 });
const policy = createPolicy({ logits: toyLogits, maskTokenId: MASK, config });

const rollout = (completionIds: number[], advantage: number): Rollout => ({
  promptIds: [0, 1],
  promptMask: [1, 1],
  completionIds,
  completionMask: completionIds.map(() => 1),
  reward: advantage,
  advantage,
  maskSeeds: [createRandom(2).integer(0, 1000)],
  trace: { initialIds: [], maskTokenId: MASK, steps: [] },
});

const sum = (values: Float32Array | undefined): number => Array.from(values ?? []).reduce((total, value) => total + value, 0);

describe("createPolicy", () => {
  it("makes what was good likelier and what was bad less likely", async () => {
    const rollouts = [rollout([2, 3, 2], 1), rollout([3, 0, 0], -1)];
    const parameters = toyParameters();
    const before = await policy.estimate(parameters, rollouts, 0);
    const { state, gradNorm, figures } = await policy.update({ parameters, adam: initAdamW(parameters) }, rollouts, {
      iteration: 0,
      lr: 0.01,
      count: 1,
    });
    const after = await policy.estimate(state.parameters, rollouts, 0);
    expect(sum(after[0])).toBeGreaterThan(sum(before[0]));
    expect(sum(after[1])).toBeLessThan(sum(before[1]));
    expect(gradNorm).toBeGreaterThan(0);
    expect(figures.kl).toBeUndefined(); // there is no reference
  });

  it("changes nothing without advantages, weight decay aside", async () => {
    const still = createPolicy({ logits: toyLogits, maskTokenId: MASK, config: { ...config, weightDecay: 0 } });
    const parameters = toyParameters();
    const wanted = [...parameters.table.data];
    const { state } = await still.update({ parameters, adam: initAdamW(parameters) }, [rollout([2, 3, 2], 0)], { iteration: 0, lr: 0.01, count: 1 });
    expect([...state.parameters.table!.data]).toEqual(wanted);
  });

  it("decays matrices, and neither norm gains nor biases", async () => {
    const table = toyParameters();
    const parameters = {
      ...table,
      "model.norm.weight": float32([1]),
      "model.layers.0.self_attn.q_norm.weight": float32([1]),
      head: float32([1], [1, 1]),
    };
    const before = [...table.bias.data];
    const options = { iteration: 0, lr: 0.1, count: 1 };
    const { state } = await policy.update({ parameters, adam: initAdamW(parameters) }, [rollout([2, 3, 2], 0)], options);
    expect([...state.parameters["model.norm.weight"]!.data]).toEqual([1]);
    expect([...state.parameters["model.layers.0.self_attn.q_norm.weight"]!.data]).toEqual([1]);
    expect([...state.parameters.bias!.data]).toEqual(before);
    expect([...state.parameters.head!.data]).toBeAllclose([0.99], { atol: 1e-6 });
  });

  it("takes the state's arrays over", async () => {
    const parameters = toyParameters();
    await policy.update({ parameters, adam: initAdamW(parameters) }, [rollout([2, 3, 2], 1)], { iteration: 0, lr: 0.01, count: 1 });
    expect(() => parameters.table.data).toThrow("donated");
  });

  it("counts all passes of an estimator, in each call and for each number of rollouts", async () => {
    const twice: Estimator = {
      draw: coupled.draw,
      logProbs: (...args) => mul(add(coupled.logProbs(...args), coupled.logProbs(...args)), 0.5),
    };
    const counted = createPolicy({ logits: toyLogits, maskTokenId: MASK, estimator: twice, config });
    const rollouts = [rollout([2, 3, 2], 1), rollout([3, 0, 0], -1)];
    const parameters = toyParameters();
    const after = async (work: Promise<unknown>): Promise<number> => {
      await work;
      return counted.networkTokens;
    };
    expect(await after(counted.estimate(parameters, rollouts, 0))).toBe(60); // 2 rows of 5 tokens, 2 x 3 passes
    expect(await after(counted.estimate(parameters, rollouts.slice(1), 0))).toBe(90);
    expect(await after(counted.estimate(parameters, rollouts, 0))).toBe(150);
    const update = { iteration: 0, lr: 0.01, count: 1 };
    expect(await after(counted.update({ parameters, adam: initAdamW(parameters) }, rollouts, update))).toBe(210);
  });

  it("takes an estimator that sees a completion as one action, with its own draws", async () => {
    const draws: number[] = [];
    const sequenceLevel: Estimator = {
      draw: (rollouts, iteration) => {
        draws.push(iteration);
        return { ...coupled.draw(rollouts, iteration), scale: float32(rollouts.map(() => 2)) };
      },
      logProbs: (network, parameters, batch, { scale, ...drawn }) =>
        mul(mean(mul(coupled.logProbs(network, parameters, batch, drawn), batch.completionMask), { axes: [-1] }), scale!), // [B]
    };
    const rollouts = [rollout([2, 3, 2], 1), rollout([3, 0, 0], -1)];
    const bySequence = createPolicy({ logits: toyLogits, maskTokenId: MASK, estimator: sequenceLevel, config: { ...config, beta: 0.01 } });
    const parameters = toyParameters();
    const perToken = await policy.estimate(parameters, rollouts, 0);
    const before = await bySequence.estimate(parameters, rollouts, 0);
    expect(before.map(({ length }) => length)).toEqual([1, 1]);
    expect(before.flatMap((one) => [...one])).toBeAllclose(
      perToken.map((one) => (2 * sum(one)) / 3),
      { rtol: 1e-5 },
    );
    for (const [i, one] of rollouts.entries()) [one.oldPerTokenLogProbs, one.refPerTokenLogProbs] = [[before[i]!], [before[i]!]];
    const { loss, figures } = await bySequence.update({ parameters, adam: initAdamW(parameters) }, rollouts, { iteration: 0, lr: 0.01, count: 1 });
    expect(loss).toBeCloseTo(0, 5); // two ratios of 1, advantages 1 and -1
    expect(figures.kl).toBeCloseTo(0, 6);
    expect(draws).toEqual([0, 0]);
  });
});
