import { compile, float32, type NdArray, type Tensor, valueAndGradient } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { grpoLoss, type GrpoLossOptions } from "./grpo-loss.ts";

type Inputs = { logProbs: NdArray; oldLogProbs?: NdArray; refLogProbs?: NdArray; advantages: NdArray; completionMask: NdArray };

async function lossOf(
  inputs: Inputs,
  options: Partial<GrpoLossOptions> = {},
): Promise<{ loss: number; kl: number; clipRatio: number; gradient: number[] }> {
  const settings = { beta: 0, epsilonLow: 0.2, epsilonHigh: 0.5, ...options };
  const run = compile((logProbs: Tensor, rest: Record<string, Tensor>) => {
    const { value, gradient } = valueAndGradient(
      (current: Tensor) => grpoLoss({ ...(rest as never as Omit<Parameters<typeof grpoLoss>[0], "logProbs">), logProbs: current }, settings),
      logProbs,
    );
    return { ...value, gradient };
  });
  const { logProbs, ...rest } = inputs;
  const { loss, kl, clipRatio, gradient } = await run(logProbs, rest);
  return { loss: loss.item(), kl: kl.item(), clipRatio: clipRatio.item(), gradient: [...gradient.data] };
}

const row = (...values: number[]): NdArray => float32(values, [1, values.length]);
const ones = row(1, 1, 1, 1);

describe("grpoLoss", () => {
  it("clips what would go further in the direction of the advantage, worked by hand", async () => {
    const ratios = [0.5, 1, 1.4, 2];
    const logProbs = row(...ratios.map(Math.log));
    const up = await lossOf({ logProbs, oldLogProbs: row(0, 0, 0, 0), advantages: float32([2]), completionMask: ones });
    expect(up.loss).toBeCloseTo((-2 * (0.5 + 1 + 1.4 + 1.5)) / 4, 5); // only 2 is above 1.5
    expect(up.clipRatio).toBeCloseTo(1 / 4, 6);
    expect(up.gradient).toBeAllclose(
      [-2 * 0.5, -2, -2 * 1.4, 0].map((g) => g / 4),
      { atol: 1e-5 },
    );

    const down = await lossOf({ logProbs, oldLogProbs: row(0, 0, 0, 0), advantages: float32([-1]), completionMask: ones });
    expect(down.loss).toBeCloseTo((0.8 + 1 + 1.4 + 2) / 4, 5); // only 0.5 is below 0.8
    expect(down.gradient).toBeAllclose(
      [0, 1, 1.4, 2].map((g) => g / 4),
      { atol: 1e-5 },
    );
  });

  it("is minus the advantage with its gradient in the first update, where old is current", async () => {
    const { loss, gradient, clipRatio } = await lossOf({ logProbs: row(-1, -2, -3, -4), advantages: float32([3]), completionMask: ones });
    expect(loss).toBeCloseTo(-3, 6);
    expect(clipRatio).toBe(0);
    expect(gradient).toBeAllclose([-3 / 4, -3 / 4, -3 / 4, -3 / 4], { atol: 1e-6 });
  });

  it("counts an estimate of a whole completion once, however long it is", async () => {
    const { loss, kl, gradient } = await lossOf(
      {
        logProbs: float32([Math.log(1.4), Math.log(2), 0]),
        oldLogProbs: float32([0, 0, 0]),
        refLogProbs: float32([Math.log(1.4), Math.log(2), Math.log(2)]),
        advantages: float32([1, 1, 5]),
        completionMask: float32([1, 0, 1, 1, 0, 0], [3, 2]), // the third has no token
      },
      { beta: 0.5 },
    );
    expect(loss).toBeCloseTo(-(1.4 + 1.5) / 2, 5);
    expect(kl).toBeCloseTo(0, 6);
    expect(gradient).toBeAllclose([-1.4 / 2, 0, 0], { atol: 1e-5 });
  });

  it.each([
    ["k1", -0.5],
    ["k2", 0.125],
    ["k3", Math.exp(0.5) - 1.5],
  ] as const)("estimates the KL by %s, worked by hand", async (klEstimator, kl) => {
    const inputs = { logProbs: row(-1, -1), refLogProbs: row(-0.5, -0.5), advantages: float32([0]), completionMask: row(1, 1) };
    const figures = await lossOf(inputs, { beta: 2, klEstimator });
    expect(figures.kl).toBeCloseTo(kl, 5);
    expect(figures.loss).toBeCloseTo(2 * kl, 5);
  });

  it("gives a completion one ratio, of the mean of its tokens, where the ratio is the sequence's, worked by hand", async () => {
    const inputs = {
      logProbs: float32([Math.log(4), 0, Math.log(9), 7], [2, 2]),
      oldLogProbs: float32([0, 0, 0, 0], [2, 2]),
      advantages: float32([1, 1]),
      completionMask: float32([1, 1, 1, 0], [2, 2]),
    };
    const { loss, clipRatio, gradient } = await lossOf(inputs, { importanceSamplingLevel: "sequence" });
    expect(loss).toBeCloseTo(-(1.5 + 1.5) / 2, 5); // ratios 2 and 9, both clipped
    expect(clipRatio).toBe(1);
    expect(gradient).toBeAllclose([0, 0, 0, 0], { atol: 1e-6 });
    const within = await lossOf({ ...inputs, logProbs: float32([Math.log(1.44), 0, 0, 7], [2, 2]) }, { importanceSamplingLevel: "sequence" });
    expect(within.loss).toBeCloseTo(-(1.2 + 1) / 2, 5);
    expect(within.gradient).toBeAllclose([-0.3, -0.3, -0.5, 0], { atol: 1e-5 });
  });

  it("wants old and reference log-probabilities in the shape of the current ones", async () => {
    const inputs = { logProbs: float32([0, 0]), oldLogProbs: row(0, 0), advantages: float32([1, 1]), completionMask: float32([1, 1], [2, 1]) };
    await expect(lossOf(inputs)).rejects.toThrow("oldLogProbs has shape [1, 2], expected [2], as logProbs.");
  });

  it("averages over the tokens of the mask, whichever row they are in", async () => {
    const { loss, gradient } = await lossOf({
      logProbs: float32([0, 0, 0, 0], [2, 2]),
      advantages: float32([1, -4]),
      completionMask: float32([1, 1, 1, 0], [2, 2]),
    });
    expect(loss).toBeCloseTo((-1 - 1 + 4) / 3, 6);
    expect(gradient).toBeAllclose([-1 / 3, -1 / 3, 4 / 3, 0], { atol: 1e-6 });
  });

  it("adds beta times k3, which is 0 at the reference and positive elsewhere", async () => {
    const inputs = { logProbs: row(-1, -1), refLogProbs: row(-1, -0.5), advantages: float32([0]), completionMask: row(1, 1) };
    const k3 = Math.exp(0.5) - 0.5 - 1;
    const { loss, kl, gradient } = await lossOf(inputs, { beta: 0.1 });
    expect(kl).toBeCloseTo(k3 / 2, 6);
    expect(loss).toBeCloseTo((0.1 * k3) / 2, 6);
    expect(gradient).toBeAllclose([0, (0.1 * (1 - Math.exp(0.5))) / 2], { atol: 1e-6 }); // towards the reference
    expect((await lossOf(inputs)).loss).toBeCloseTo(0, 6); // beta 0: measured, not added
  });
});

describe("grpoLoss at the ends of float32", () => {
  const far = [89, 200, 1e30, -89, -200, -Infinity];

  it("is finite for every log-ratio, and clipped tokens give no gradient", async () => {
    for (const value of far) {
      for (const advantage of [1, -1, 0]) {
        const inputs = { logProbs: row(value, -1), oldLogProbs: row(0, -1), advantages: float32([advantage]), completionMask: row(1, 1) };
        const { loss, kl, clipRatio, gradient } = await lossOf({ ...inputs, refLogProbs: row(0, -1) }, { beta: 0.01 });
        expect([loss, kl, clipRatio, ...gradient].every(Number.isFinite)).toBe(true);
        const { gradient: alone } = await lossOf(inputs);
        expect(alone[0]).toBeCloseTo(0, 6);
        expect(alone[1]).toBeCloseTo(-advantage / 2, 6); // its neighbour is not clipped
      }
    }
  });

  it("is finite where the old or the reference policy gave a token no probability", async () => {
    for (const none of [-Infinity, -1e30]) {
      const inputs = { logProbs: row(-1, none), oldLogProbs: row(none, none), refLogProbs: row(none, none) };
      const { loss, kl, gradient } = await lossOf({ ...inputs, advantages: float32([2]), completionMask: row(1, 1) }, { beta: 0.1 });
      expect([loss, kl, ...gradient].every(Number.isFinite)).toBe(true);
    }
  });

  it("reads nothing outside the mask", async () => {
    const at = (value: number) => ({
      logProbs: float32([-1, value, value, value], [2, 2]),
      oldLogProbs: float32([-1.5, value, -value, value], [2, 2]),
      refLogProbs: float32([-2, -value, value, value], [2, 2]),
      advantages: float32([1, Number.isNaN(value) ? value : 0]),
      completionMask: float32([1, 0, 0, 0], [2, 2]),
    });
    const wanted = await lossOf(at(-1), { beta: 0.1 });
    expect(wanted.gradient.slice(1)).toEqual([0, 0, 0]);
    for (const value of [...far, Infinity, Number.NaN]) expect(await lossOf(at(value), { beta: 0.1 })).toEqual(wanted);
  });

  it("is 0 without gradient where the mask is empty", async () => {
    const inputs = { logProbs: row(-1, -2), oldLogProbs: row(-2, -1), refLogProbs: row(-1, -1), advantages: float32([1]) };
    const { loss, kl, clipRatio, gradient } = await lossOf({ ...inputs, completionMask: row(0, 0) }, { beta: 0.1 });
    expect([loss, kl, clipRatio, ...gradient].map(Math.abs)).toEqual([0, 0, 0, 0, 0]);
  });
});
