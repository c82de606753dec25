import { describe, expect, it } from "vitest";
import { bd3lmCardDecoder } from "./bd3lm-card.ts";
import { columnsDenoiser, decodeWith } from "./decoder-run.fixture.ts";

describe("bd3lmCardDecoder", () => {
  it("shares the first block between the prompt's tail and the answer, and divides each block's masks evenly", async () => {
    // Blocks of 4 from the prompt's first column, which has two tokens: 2, 4 and 2 masks; 6 steps for two blocks: 3 each.
    const { order } = await decodeWith(bd3lmCardDecoder({ steps: 6, blockLength: 4 }));
    expect(order).toEqual([[1], [0], [5, 4], [3], [2], [7], [6]]);
  });

  it("says from where the prompt sees nothing, and masks finished blocks for guidance, with compat alone", async () => {
    const asked = async (compat: boolean) => {
      const denoiser = columnsDenoiser();
      await decodeWith(bd3lmCardDecoder({ steps: 2, blockLength: 4, cfgScale: 1, compat }), { denoiser, maxNewTokens: 6 });
      return denoiser.requests.map(({ unseenFrom, unconditionalIds }) => [unseenFrom, [...unconditionalIds!]]);
    };
    expect(await asked(true)).toEqual([
      [[2], [99, 99, 99, 99, 99, 99, 99, 99]],
      [[4], [99, 99, 99, 99, 99, 99, 99, 99]],
    ]);
    expect(await asked(false)).toEqual([
      [undefined, [99, 99, 99, 99, 99, 99, 99, 99]],
      [undefined, [99, 99, 12, 13, 99, 99, 99, 99]],
    ]);
  });
});
