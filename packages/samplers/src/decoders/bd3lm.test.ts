import { describe, expect, it } from "vitest";
import { decodeCanvases } from "../decode.ts";
import { fakeDenoiser } from "../fake-denoiser.fixture.ts";
import { bd3lmDecoder } from "./bd3lm.ts";
import { columnsDenoiser, decodeWith } from "./decoder-run.fixture.ts";

describe("bd3lmDecoder", () => {
  it("pads a prompt on the left to whole blocks, which the answer then has too", async () => {
    const denoiser = columnsDenoiser();
    const { sequences, traces } = await decodeWith(bd3lmDecoder({ blockLength: 4, stepsPerBlock: 2 }), { denoiser, maxNewTokens: 6 });
    expect(sequences).toEqual([[0, 0, 5, 6, 14, 15, 16, 17, 18, 19]]);
    expect(traces[0]!.steps.map(({ positions }) => positions)).toEqual([[7, 6], [5, 4], [9], [8]]);
    const { attentionMask, positionIds, blockOrigins } = denoiser.requests[0]!;
    expect([...attentionMask!]).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect([...positionIds!]).toEqual([1, 1, 0, 1, 2, 3, 4, 5, 6, 7]);
    expect(blockOrigins).toEqual([0]);
  });

  it("finishes the block of an end token, and fills what follows", async () => {
    const denoiser = fakeDenoiser((_, column) => ({ token: column === 6 ? 1 : 50, confidence: column / 100 }));
    const { completionIds, ends } = await decodeWith(bd3lmDecoder({ blockLength: 4, stepsPerBlock: 4 }), { denoiser, eosTokenIds: [1] });
    expect(completionIds).toEqual([[50, 50, 1, 50, 0, 0, 0, 0]]);
    expect(ends).toEqual([2]);
  });

  it("hides the padding that the model has written in finished blocks, with compat alone", async () => {
    for (const compat of [true, false]) {
      const denoiser = fakeDenoiser((_, column) => ({ token: column === 3 ? 0 : 50, confidence: column / 100 }));
      const canvas = { ids: Int32Array.from([5, 6, 99, 99, 99, 99]), start: 0, completionStart: 2, filled: new Set<number>() };
      const decoder = bd3lmDecoder({ blockLength: 2, stepsPerBlock: 1, compat });
      for await (const _ of decodeCanvases([canvas], { denoiser, decoder, padTokenId: 0 })) continue;
      const [first, second] = denoiser.requests.map(({ attentionMask, positionIds }) => [[...attentionMask!], [...positionIds!]]);
      expect(first).toEqual([
        [1, 1, 1, 1, 1, 1],
        [0, 1, 2, 3, 4, 5],
      ]);
      expect(second).toEqual(
        compat
          ? [
              [1, 1, 1, 0, 1, 1],
              [0, 1, 2, 1, 3, 4],
            ]
          : first,
      );
    }
  });
});
