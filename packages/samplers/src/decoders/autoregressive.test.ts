import { constant, float32, reshape, take } from "@diffucoder/tensor";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { createDenoiser } from "../create-denoiser.ts";
import { autoregressiveDecoder } from "./autoregressive.ts";
import { decodeWith } from "./decoder-run.fixture.ts";

describe("autoregressiveDecoder", () => {
  it("commits one token a step from left to right, in a window of one column", async () => {
    const { order, forwardPasses } = await decodeWith(autoregressiveDecoder());
    expect(order).toEqual([[0], [1], [2], [3], [4], [5], [6], [7]]);
    expect(forwardPasses).toBe(8);
  });

  it("continues a sequence greedily: each token is the best after the one before it", async () => {
    const size = 12;
    const random = createRandom(3);
    const table = float32(
      Array.from({ length: size * size }, () => random.normal()),
      [size, size],
    );
    const logits: LogitsFunction = (_, { inputIds, logitPositions }) =>
      take(take(constant(table), reshape(inputIds, [inputIds.shape[0]! * inputIds.shape[1]!])), logitPositions!);
    const denoiser = createDenoiser({
      logits,
      parameters: () => ({}),
      maskTokenId: size - 1,
      vocabSize: size,
      forbiddenIds: [size - 1],
      attention: "causal",
    });
    const { completionIds } = await decodeWith(autoregressiveDecoder(), { denoiser });
    const best = (word: number): number => {
      const values = Array.from(table.data.subarray(word * size, (word + 1) * size - 1));
      return values.indexOf(Math.max(...values));
    };
    const expected: number[] = [];
    for (let word = 6; expected.length < 8; expected.push(word)) word = best(word);
    expect(completionIds).toEqual([expected]);
  });
});
