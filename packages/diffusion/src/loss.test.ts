import { createRandom } from "@diffucoder/core";
import { compile, float32, int32, type NdArray, referenceExecutor, reshape, take, type Tensor, valueAndGradient } from "@diffucoder/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffusionLoss, diffusionWeights, maskTokens, nextTokenWeights, scoredLoss, scoredTokens, shiftLogits } from "./index.ts";

const loss = compile((logits: Tensor, targets: Tensor, weights: Tensor) => ({ loss: diffusionLoss(logits, { targets, weights }) }), {
  executor: referenceExecutor,
});
const lossOf = async (logits: NdArray, targets: NdArray, weights: NdArray): Promise<number> => (await loss(logits, targets, weights)).loss.item();

describe("shiftLogits", () => {
  it("moves rows one to the right and keeps the first", async () => {
    const shift = compile((logits: Tensor) => ({ shifted: shiftLogits(logits) }), { executor: referenceExecutor });
    const { shifted } = await shift(float32([1, 2, 3, 4, 5, 6, 7, 8], [1, 4, 2]));
    expect([...shifted.data]).toEqual([1, 2, 1, 2, 3, 4, 5, 6]);
  });
});

describe("diffusionWeights", () => {
  it("is 1 / (t N) where masked, N the tokens that could have been masked", () => {
    // N = 2 * (3 - 1) = 4: 1 / (0.5 * 4) = 0.5 and 1 / (0.25 * 4) = 1.
    const weights = diffusionWeights({ mask: int32([0, 1, 0, 0, 1, 1], [2, 3]), timesteps: [0.5, 0.25] });
    expect([...weights.data]).toEqual([0, 0.5, 0, 0, 1, 1]);
  });

  it("counts only eligible tokens with a predecessor", () => {
    // Eligible outside the first column: 2 tokens, so 1 / (0.5 * 2) = 1.
    const eligible = int32([1, 0, 1, 0, 0, 1], [2, 3]);
    const weights = diffusionWeights({ mask: int32([1, 0, 1, 0, 0, 0], [2, 3]), timesteps: [0.5, 0.5], eligible });
    expect([...weights.data]).toEqual([0, 0, 1, 0, 0, 0]);
  });

  it("sums to 1 in expectation, so that the loss is in nats per token", () => {
    const random = createRandom(7);
    const timesteps = [0.3, 0.8];
    let total = 0;
    for (let draw = 0; draw < 400; draw++) {
      const { mask } = maskTokens({ tokens: int32(new Int32Array(2 * 33), [2, 33]), timesteps, maskTokenId: 1, random: random.split(draw) });
      total += [...diffusionWeights({ mask, timesteps }).data].reduce((a, b) => a + b, 0);
    }
    // Three standard errors: 3 sqrt((7/3 + 1/4) / 64 / 2 / 400) = 0.02.
    expect(Math.abs(total / 400 - 1)).toBeLessThan(0.03);
  });
});

describe("scoredTokens", () => {
  it("picks tokens with their predecessors' positions, up to a full eighth", () => {
    const targets = int32([7, 8, 9, 6, 7, 8, 9, 6, 7, 8, 9, 6, 7, 8, 9, 6], [4, 4]);
    const weights = float32([5, 0, 0.5, 0, 0, 0, 0, 0.25, 0, 2, 0, 0, 0, 0, 0, 0], [4, 4]); // a first column does not count
    const picked = scoredTokens({ targets, weights });
    expect([...picked.logitPositions.data]).toEqual([1, 6, 8, 0]);
    expect([...picked.targets.data]).toEqual([9, 6, 8, 0]);
    expect([...picked.weights.data]).toEqual([0.5, 0.25, 2, 0]);
    expect(scoredTokens({ targets, weights: float32(new Float32Array(16), [4, 4]) }).weights.shape).toEqual([2]);
  });

  it("picks the tokens' own positions for a model whose logits are not shifted", () => {
    const targets = int32([7, 8, 9, 6, 7, 8, 9, 6], [2, 4]);
    const weights = float32([0, 0, 0.5, 0, 0, 0, 0, 0.25], [2, 4]);
    expect([...scoredTokens({ targets, weights, shift: false }).logitPositions.data]).toEqual([2, 7]);
  });

  it("gives the loss of all logits for every mask", async () => {
    const [length, vocab] = [4, 5];
    const picked = compile(
      (logits: Tensor, tokens: { logitPositions: Tensor; targets: Tensor; weights: Tensor }) => ({
        loss: scoredLoss(take(reshape(logits, [-1, vocab]), tokens.logitPositions), tokens),
      }),
      { executor: referenceExecutor },
    );
    const rows = fc.integer({ min: 1, max: 3 });
    const random = createRandom(4);
    await fc.assert(
      fc.asyncProperty(rows, fc.infiniteStream(fc.boolean()), async (batch, masks) => {
        const shape = [batch, length];
        const logits = float32(random.fillNormal(new Float32Array(batch * length * vocab)), [...shape, vocab]);
        const targets = int32(
          Array.from({ length: batch * length }, () => random.integer(0, vocab)),
          shape,
        );
        const weights = float32(
          Array.from({ length: batch * length }, () => (masks.next().value ? random.uniform() : 0)),
          shape,
        );
        const { loss: got } = await picked(logits, { ...scoredTokens({ targets, weights }) });
        expect(got.item()).toBeCloseTo(await lossOf(logits, targets, weights), 4);
      }),
    );
  });

  it("names what does not fit", async () => {
    const targets = int32([1, 2], [1, 2]);
    expect(() => scoredTokens({ targets, weights: float32([1, 2, 3], [1, 3]) })).toThrow("weights has shape [1, 3]");
    const run = compile((logits: Tensor, t: Tensor) => scoredLoss(logits, { targets: t, weights: logits }), { executor: referenceExecutor });
    await expect(run(float32([1, 2], [1, 2]), int32([1, 2]))).rejects.toThrow("targets has shape [2], expected [1], as logits.");
  });
});

describe("nextTokenWeights", () => {
  it("shares 1 among the tokens that count and have a predecessor", () => {
    expect([...nextTokenWeights(int32([1, 1, 1, 0, 1, 1], [2, 3])).data]).toEqual([0, 0.25, 0.25, 0, 0.25, 0.25]);
  });
});

describe("diffusionLoss", () => {
  it("reads the probability of token i from the logits at i - 1", async () => {
    // Row 0: logits ln [1, 3] at position 0 predict token 1 = 1 with 3/4; logits ln [4, 1] at position 1 predict token 2 = 0 with 4/5.
    const logits = float32([0, Math.log(3), Math.log(4), 0, 50, -50], [1, 3, 2]);
    const got = await lossOf(logits, int32([0, 1, 0], [1, 3]), float32([0, 0.5, 2], [1, 3]));
    expect(got).toBeCloseTo(-(0.5 * Math.log(3 / 4) + 2 * Math.log(4 / 5)), 6);
  });

  it("does not read the weight of the first token", async () => {
    const logits = float32([0, Math.log(3), 7, 0], [1, 2, 2]);
    const targets = int32([1, 1], [1, 2]);
    expect(await lossOf(logits, targets, float32([1000, 1], [1, 2]))).toBe(await lossOf(logits, targets, float32([0, 1], [1, 2])));
  });

  it("equals the weighted cross-entropy of shifted logits", async () => {
    const shifted = compile((logits: Tensor) => ({ shifted: shiftLogits(logits) }), { executor: referenceExecutor });
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), async (seed) => {
        const random = createRandom(seed);
        const [batch, length, words] = [2, 5, 4];
        const logits = float32(random.split("logits").fillNormal(new Float32Array(batch * length * words)), [batch, length, words]);
        const targets = int32(
          Array.from({ length: batch * length }, () => random.integer(0, words)),
          [batch, length],
        );
        const weights = float32(
          Array.from({ length: batch * length }, (_, i) => (i % length === 0 ? 0 : random.uniform())),
          [batch, length],
        );
        const aligned = (await shifted(logits)).shifted.data;
        let want = 0;
        for (let i = 0; i < batch * length; i++) {
          const row = Array.from(aligned.slice(i * words, (i + 1) * words));
          const logSum = Math.log(row.reduce((total, x) => total + Math.exp(x), 0));
          want -= weights.data[i]! * (row[targets.data[i]!]! - logSum);
        }
        expect(await lossOf(logits, targets, weights)).toBeCloseTo(want, 4);
      }),
      { numRuns: 20 },
    );
  });

  it("is log V for a network that knows nothing, by either weighting", async () => {
    const logits = float32(new Float32Array(2 * 5 * 8), [2, 5, 8]);
    const targets = int32([0, 1, 2, 3, 4, 5, 6, 7, 0, 1], [2, 5]);
    const all = int32(new Int32Array(10).fill(1), [2, 5]);
    expect(await lossOf(logits, targets, diffusionWeights({ mask: all, timesteps: [1, 1] }))).toBeCloseTo(Math.log(8), 5);
    expect(await lossOf(logits, targets, nextTokenWeights(all))).toBeCloseTo(Math.log(8), 5);
  });

  it("rejects shapes that do not fit", async () => {
    const logits = float32(new Float32Array(12), [1, 3, 4]);
    await expect(lossOf(logits, int32([0, 0], [1, 2]), float32([0, 0, 0], [1, 3]))).rejects.toThrow(
      "targets has shape [1, 2], expected [1, 3], as logits.",
    );
  });
});

describe("tokens of weight 0", () => {
  const run = compile(
    (logits: Tensor, targets: Tensor, weights: Tensor) => {
      const { value, gradient } = valueAndGradient((x: Tensor) => scoredLoss(x, { targets, weights }), logits);
      return { value, gradient };
    },
    { executor: referenceExecutor },
  );

  it("count nothing and give no gradient, even where they are impossible", async () => {
    const logits = float32([0, -Infinity, 0, 0], [2, 2]);
    const { value, gradient } = await run(logits, int32([1, 0]), float32([0, 1]));
    expect(value.item()).toBeCloseTo(Math.log(2), 6);
    expect(Array.from(gradient.data).slice(2)).toBeAllclose([-0.5, 0.5], { atol: 1e-6 });
    expect(Array.from(gradient.data).slice(0, 2).map(Math.abs)).toEqual([0, 0]);
  });

  it("alone make a loss of 0", async () => {
    const { value, gradient } = await run(float32([1, 2, 3, 4], [2, 2]), int32([1, 0]), float32([0, 0]));
    expect([value.item(), ...gradient.data].map(Math.abs)).toEqual([0, 0, 0, 0, 0]);
    expect([...diffusionWeights({ mask: int32([0, 0], [1, 2]), timesteps: [1], eligible: int32([0, 0], [1, 2]) }).data]).toEqual([0, 0]);
    expect([...nextTokenWeights(int32([0, 0], [1, 2])).data]).toEqual([0, 0]);
  });
});
