import { createRandom, InvalidArgumentError } from "@diffucoder/core";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { float32, reshape, take } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { createDenoiser } from "./denoiser.ts";

// The logits after word w are row w of a table.
const VOCAB = 6;
const random = createRandom(4);
const parameters = {
  table: float32(
    Array.from({ length: VOCAB * VOCAB }, () => 2 * random.normal()),
    [VOCAB, VOCAB],
  ),
};
const logits: LogitsFunction = ({ table }, { inputIds, logitPositions }) => {
  const rows = reshape(take(table!, inputIds), [inputIds.shape.reduce((a, b) => a * b, 1), VOCAB]);
  return logitPositions === undefined ? rows : take(rows, logitPositions);
};
const denoiserWith = (forbiddenIds: number[] = []) =>
  createDenoiser({ logits, parameters: () => parameters, maskTokenId: 5, vocabSize: VOCAB, forbiddenIds });
const request = { inputIds: Int32Array.from([0, 1, 2, 3, 4, 5, 0, 1]), batchSize: 2, length: 4, temperature: 0, alg: "maskgit_plus" as const };

function bestAfter(word: number, forbidden: readonly number[] = []): number {
  const row = Array.from(parameters.table.data.subarray(word * VOCAB, (word + 1) * VOCAB)).map((value, token) =>
    forbidden.includes(token) ? -Infinity : value,
  );
  return row.indexOf(Math.max(...row));
}

describe("createDenoiser", () => {
  it("predicts a position from the one before it, and a row's first from itself", async () => {
    const { tokens } = await denoiserWith().propose({ ...request, positions: Int32Array.from([0, 1, 3, 4, 6]) });
    expect([...tokens]).toEqual([0, 0, 2, 4, 5].map((word) => bestAfter(word)));
  });

  it("proposes the same for a position whichever others are asked for", async () => {
    const denoiser = denoiserWith();
    const all = await denoiser.propose({ ...request, positions: Int32Array.from({ length: 8 }, (_, i) => i) });
    for (let count = 1; count <= 8; count++) {
      const some = await denoiser.propose({ ...request, positions: Int32Array.from({ length: count }, (_, i) => 8 - count + i) });
      expect([...some.tokens]).toEqual(Array.from(all.tokens.subarray(8 - count)));
      expect([...some.confidence]).toBeAllclose(Array.from(all.confidence.subarray(8 - count)), { atol: 1e-6 });
    }
  });

  it("never proposes a forbidden id, greedily or not", async () => {
    const forbidden = [bestAfter(0), 5];
    const denoiser = denoiserWith(forbidden);
    const positions = Int32Array.from([1, 1, 1, 1]);
    expect([...(await denoiser.propose({ ...request, positions })).tokens]).toEqual([0, 0, 0, 0].map((word) => bestAfter(word, forbidden)));
    const drawn = await denoiser.propose({ ...request, positions, temperature: 5, uniforms: Float32Array.from([0, 0.3, 0.6, 0.999]) });
    for (const token of drawn.tokens) expect(forbidden).not.toContain(token);
  });

  it("wants one uniform number for each position, and ids inside the vocabulary", async () => {
    await expect(
      denoiserWith().propose({ ...request, positions: Int32Array.from([1, 2]), temperature: 1, uniforms: Float32Array.from([0.5]) }),
    ).rejects.toThrow(InvalidArgumentError);
    expect(() => denoiserWith([VOCAB])).toThrow("forbiddenIds");
  });
});
