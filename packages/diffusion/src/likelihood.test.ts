import { createRandom } from "@diffucoder/core";
import { constant, float32, reshape, take } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { estimateLikelihood, type LikelihoodOptions } from "./likelihood.ts";
import type { LogitsFunction } from "./logits-function.ts";

// The logits after word w are row w of a table; the last word is the mask.
const VOCAB = 5;
const MASK = VOCAB - 1;
const random = createRandom(2);
const table = float32(
  Array.from({ length: VOCAB * VOCAB }, () => 1.5 * random.normal()),
  [VOCAB, VOCAB],
);
const bigram: LogitsFunction = (_, { inputIds, logitPositions }) =>
  take(take(constant(table), reshape(inputIds, [inputIds.shape[0]! * inputIds.shape[1]!])), logitPositions!);

const logProb = (before: number, token: number): number => {
  const row = Array.from(table.data.subarray(before * VOCAB, (before + 1) * VOCAB));
  return row[token]! - Math.log(row.reduce((total, x) => total + Math.exp(x), 0));
};
const estimate = (options: Partial<LikelihoodOptions> = {}) =>
  estimateLikelihood({
    logits: bigram,
    parameters: {},
    maskTokenId: MASK,
    promptIds: [0, 1],
    completionIds: [2, 0, 3],
    random: createRandom(0),
    ...options,
  });

describe("estimateLikelihood", () => {
  it("is the bound that all masks together give", async () => {
    // Every mask of the three tokens, those of k tokens with probability 1/3 / C(3, k).
    const ids = [1, 2, 0, 3];
    let bound = 0;
    for (let mask = 1; mask < 8; mask++) {
      const masked = [0, 1, 2].filter((i) => (mask >> i) & 1);
      const shown = ids.map((token, i) => (i > 0 && (mask >> (i - 1)) & 1 ? MASK : token));
      const total = masked.reduce((sum, i) => sum + logProb(shown[i]!, ids[i + 1]!), 0);
      bound += ((3 / masked.length) * total) / 3 / [3, 3, 1][masked.length - 1]!;
    }
    const { elbo, interval95, perplexity, samples } = await estimate({ samples: 2000, batchSize: 500 });
    expect(Math.abs(elbo - bound)).toBeLessThan(interval95[1] - interval95[0]); // four standard errors
    expect(interval95[1] - interval95[0]).toBeLessThan(0.4);
    expect(perplexity).toBeCloseTo(Math.exp(-elbo / 3), 12);
    expect(samples).toBe(2000);
  });

  it("has intervals that cover the bound as often as they say", async () => {
    const { elbo: bound } = await estimate({ samples: 4000, batchSize: 1000, random: createRandom(99) });
    let covered = 0;
    for (let seed = 0; seed < 40; seed++) {
      const { interval95 } = await estimate({ samples: 32, batchSize: 32, random: createRandom(seed) });
      if (interval95[0] <= bound && bound <= interval95[1]) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(33); // of 40 at 95 %: 33 or fewer are drawn once in two hundred times
  });

  it("of one token is its log-probability, without error", async () => {
    const { elbo, interval95, perplexity } = await estimate({ completionIds: [3], samples: 3 });
    expect(elbo).toBeCloseTo(logProb(1, 3), 5);
    expect(interval95[1] - interval95[0]).toBeCloseTo(0, 5);
    expect(perplexity).toBeCloseTo(Math.exp(-logProb(1, 3)), 4);
  });

  it("reads an unshifted model at the position itself", async () => {
    const { elbo } = await estimate({ completionIds: [3], samples: 2, shift: false });
    expect(elbo).toBeCloseTo(logProb(MASK, 3), 5);
  });

  it("does not depend on the size of its batches", async () => {
    const [a, b] = await Promise.all([7, 10].map((batchSize) => estimate({ samples: 10, batchSize })));
    expect(a!.elbo).toBeCloseTo(b!.elbo, 5);
  });

  it("refuses what cannot be scored", async () => {
    await expect(estimate({ completionIds: [] })).rejects.toThrow("completionIds must be at least one token, got [].");
    await expect(estimate({ promptIds: [] })).rejects.toThrow("promptIds must be at least one token, got [].");
    await expect(estimate({ samples: 1 })).rejects.toThrow("samples must be an integer of at least 2: one has no error, got 1.");
  });
});
