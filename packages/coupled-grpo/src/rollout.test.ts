import { AbortedError, createRandom } from "@diffucoder/core";
import { type Denoiser, dreamDecoder, parallelDecoder, SamplerOptionsSchema } from "@diffucoder/samplers";
import { describe, expect, it } from "vitest";
import { decoderCompletions } from "./completions.ts";
import { CoupledGrpoConfigSchema } from "./config.ts";
import { rollout, type RolloutOptions } from "./rollout.ts";

const [PAD, END, MASK] = [0, 1, 9];

/** Draws a word from 1 to 8 for each position; 1 ends the completion. */
const denoiser: Denoiser = {
  maskTokenId: MASK,
  propose: async ({ positions, uniforms }) => ({
    tokens: Int32Array.from(uniforms!, (u) => 1 + Math.floor(8 * u)),
    confidence: Float32Array.from(positions, (position) => -position),
    entropy: new Float32Array(positions.length),
  }),
};

const decoder = dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 6, steps: 6, temperature: 1, schedule: "even" }));
const layout = { promptLength: 3, maxNewTokens: 6, padTokenId: PAD, eosTokenIds: [END] };

const options = (more: Partial<RolloutOptions> = {}): RolloutOptions => ({
  sample: decoderCompletions({ denoiser, decoder, ...layout }),
  prompts: [[5, 6], [7]],
  numGenerations: 4,
  promptLength: 3,
  padTokenId: PAD,
  eosTokenIds: [END],
  numIterations: 2,
  baseline: "leaveOneOut",
  scaleRewards: false,
  reward: async ({ completionIds }) => completionIds.map((ids) => ids.filter((id) => id === 3).length),
  random: createRandom(3),
  ...more,
});

const fourTimes = <T>(...rows: T[]): T[] => rows.flatMap((one) => [one, one, one, one]);

describe("rollout", () => {
  it("has a bound, and wants prompts", async () => {
    const wanted = "an integer of at least 2, for at most 65536 completions of 2 prompts";
    for (const bad of [1e9, 32_769, 1, 2.5, Number.NaN])
      await expect(rollout(options({ numGenerations: bad }))).rejects.toThrow(`numGenerations must be ${wanted}, got ${bad}.`);
    await expect(rollout(options({ prompts: [] }))).rejects.toThrow("prompts must be at least one prompt, got [].");
    const whole = { maxSteps: 1, promptsPerStep: 1, learningRate: 0.01 };
    for (const key of ["promptsPerStep", "numGenerations", "numIterations"])
      expect(CoupledGrpoConfigSchema.safeParse({ ...whole, [key]: 1e9 }).success).toBe(false);
  });

  it("lays groups out one after the other, prompts padded on the left", async () => {
    let asked: readonly number[] = [];
    const rollouts = await rollout(
      options({ reward: async ({ completionIds, promptIndex }) => ((asked = promptIndex), completionIds.map(() => 1)) }),
    );
    expect(asked).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(rollouts.map(({ promptIds }) => promptIds)).toEqual(fourTimes([PAD, 5, 6], [PAD, PAD, 7]));
    expect(rollouts.map(({ promptMask }) => promptMask)).toEqual(fourTimes([0, 1, 1], [0, 0, 1]));
    expect(rollouts.map(({ advantage }) => advantage)).toEqual(Array(8).fill(0)); // equal rewards teach nothing
  });

  it("counts a completion through its first end token", async () => {
    for (const { completionIds, completionMask } of await rollout(options({ numGenerations: 20 }))) {
      const end = completionIds.indexOf(END);
      const length = end === -1 ? completionIds.length : end + 1;
      expect(completionMask).toEqual(completionIds.map((_, i) => (i < length ? 1 : 0)));
      expect(completionIds.slice(length)).toEqual(completionIds.slice(length).map(() => PAD));
    }
  });

  it("gives every rollout a mask seed for each inner iteration, all different", async () => {
    const seeds = (await rollout(options())).flatMap(({ maskSeeds }) => maskSeeds);
    expect(seeds).toHaveLength(16);
    expect(new Set(seeds).size).toBe(16);
  });

  it("keeps a reward that could not be computed apart", async () => {
    const rollouts = await rollout(options({ prompts: [[5]], reward: async () => [null, 2, 0, 1] }));
    expect(rollouts.map(({ reward }) => reward)).toEqual([null, 2, 0, 1]);
    expect(rollouts.map(({ advantage }) => advantage)).toEqual([0, 1.5, -1.5, 0]);
  });

  it("names what a reward function gives that is no reward", async () => {
    const given = (reward: unknown) => rollout(options({ prompts: [[5]], reward: reward as RolloutOptions["reward"] }));
    await expect(given(async () => [1, Number.NaN, 0, 1])).rejects.toThrow(
      "rewards[1] must be a finite number for completion 1, or null where it could not be computed, got NaN.",
    );
    await expect(given(async () => [1, 0, undefined, 1])).rejects.toThrow("rewards[2] must be a finite number for completion 2");
    await expect(given(async () => Array(8).fill(1))).rejects.toThrow('rewards must be 4, one for each completion, got "8 of them".');
    await expect(given(async () => [1])).rejects.toThrow('rewards must be 4, one for each completion, got "1 of them".');
    await expect(given(() => 3)).rejects.toThrow("rewards must be a list, one reward for each completion, got 3.");
    await expect(given(async () => undefined)).rejects.toThrow("rewards must be a list, one reward for each completion, got undefined.");
  });

  it("says that the reward function failed, and with what", async () => {
    const failing = options({
      reward: () => {
        throw new TypeError("x is not a function");
      },
    });
    await expect(rollout(failing)).rejects.toMatchObject({ code: "REWARD", message: "The reward function failed: x is not a function" });
    const stopped = options({ reward: () => Promise.reject(new AbortedError("Scoring")) });
    await expect(rollout(stopped)).rejects.toThrow(AbortedError);
  });

  it("refuses prompts that are not token ids", async () => {
    await expect(rollout(options({ prompts: [[5], [-2]] }))).rejects.toThrow("promptIds[4][0] must be a token id");
  });

  it("takes any decoder, and completions from anywhere", async () => {
    const parallel = parallelDecoder({ rule: "factor", factor: 1, temperature: 1 });
    const parallelRollouts = await rollout(options({ sample: decoderCompletions({ denoiser, decoder: parallel, ...layout }) }));
    expect(parallelRollouts.map(({ completionIds }) => completionIds.length)).toEqual(Array(8).fill(6));
    expect(parallelRollouts.every(({ trace }) => trace!.steps.length >= 1)).toBe(true);

    const completionIds = Array.from({ length: 8 }, (_, i) => [3, i, END]);
    const given = await rollout(options({ sample: async () => ({ completionIds }) }));
    expect(given.map((one) => one.completionIds)).toEqual(completionIds);
    expect(given.map(({ trace }) => trace)).toEqual(Array(8).fill(undefined));
  });

  it("keeps the terms of a reward", async () => {
    const terms = [
      { name: "code", value: 0.5 },
      { name: "style", value: null },
    ];
    const [first] = await rollout(options({ prompts: [[5]], reward: async () => [{ reward: 1, terms }, 1, { reward: null }, null] }));
    expect([first!.reward, first!.rewardTerms]).toEqual([1, { code: 0.5, style: null }]);
    const bad = [{ reward: 1, terms: [{ name: "style", value: Number.NaN }] }, 1, 1, 1];
    await expect(rollout(options({ prompts: [[5]], reward: async () => bad }))).rejects.toThrow(
      "rewards[0] of style must be a finite number for completion 0, or null where it could not be computed, got NaN.",
    );
  });

  it("is the same with the same seed", async () => {
    expect(await rollout(options())).toEqual(await rollout(options()));
    const ids = async (seed: number) => (await rollout(options({ random: createRandom(seed) }))).map(({ completionIds }) => completionIds);
    expect(await ids(1)).not.toEqual(await ids(2));
  });
});

describe("CoupledGrpoConfigSchema", () => {
  it("has the paper's defaults", () => {
    expect(CoupledGrpoConfigSchema.parse({ maxSteps: 1, promptsPerStep: 1, learningRate: 1e-6 })).toMatchObject({
      numGenerations: 10,
      numIterations: 2,
      beta: 0.01,
      epsilon: 0.5,
      refModelSyncSteps: 64,
      maxGradNorm: 0.2,
      adamBeta2: 0.99,
      estimator: "coupled",
    });
  });
});
