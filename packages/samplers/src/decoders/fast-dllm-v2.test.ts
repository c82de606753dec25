import { ConfigError } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { fakeDenoiser } from "../fake-denoiser.fixture.ts";
import { generate } from "../generate.ts";
import { decodeWith } from "./decoder-run.fixture.ts";
import { fastDllmV2Decoder } from "./fast-dllm-v2.ts";

describe("fastDllmV2Decoder", () => {
  it("takes a block's first token alone, then finishes its sub-blocks from left to right, the surest first", async () => {
    // Two tokens of prompt and eight of answer in blocks of 4 with sub-blocks of 2: columns 2 3 | 4 5, 6 7 | 8 9.
    const { order } = await decodeWith(fastDllmV2Decoder({ blockLength: 4, subBlockLength: 2 }));
    expect(order).toEqual([[1], [0], [2], [3], [5], [4], [6], [7]]);
  });

  it("reveals all that exceed the threshold, and the surest in any case", async () => {
    // Confidences are the column's hundredths.
    const { order } = await decodeWith(fastDllmV2Decoder({ blockLength: 8, subBlockLength: 8, threshold: 0.04 }));
    expect(order).toEqual([[5, 4, 3], [2], [1], [0], [6], [7]]);
  });

  it("keeps a prompt of exactly one block, whose last token gives the first of the answer", async () => {
    const denoiser = fakeDenoiser((_, column) => ({ token: column + 10, confidence: 0.5 }));
    const decoder = fastDllmV2Decoder({ blockLength: 2 });
    const { sequences } = await generate({ denoiser, decoder, promptIds: [[5, 6]], maxNewTokens: 3, padTokenId: 0 });
    expect(sequences).toEqual([[5, 6, 12, 13, 14]]);
    expect([...denoiser.requests[0]!.positions]).toEqual([2]);
  });

  it("ends with the end token, once nothing before it is masked", async () => {
    const denoiser = fakeDenoiser((_, column) => ({ token: column === 4 ? 1 : 50, confidence: column === 4 ? 0.9 : 0.5 - column / 100 }));
    const { completionIds, forwardPasses } = await decodeWith(fastDllmV2Decoder({ blockLength: 8 }), { denoiser, eosTokenIds: [1] });
    expect(completionIds).toEqual([[50, 50, 1, 0, 0, 0, 0, 0]]);
    expect(forwardPasses).toBe(3);
  });

  it("has sub-blocks that divide the block where nothing is said of them", async () => {
    for (const blockLength of [1, 4, 7, 8, 12, 13, 32]) {
      const { completionIds } = await decodeWith(fastDllmV2Decoder({ blockLength }), { maxNewTokens: 9 });
      expect(completionIds[0]).toHaveLength(9);
    }
  });

  it("wants sub-blocks that divide the block", () => {
    const problems = ["subBlockLength: must divide the 8 columns of a block, got 3"];
    expect(() => fastDllmV2Decoder({ blockLength: 8, subBlockLength: 3 })).toThrow(
      new ConfigError({ source: "fastDllmV2Decoder options", problems }),
    );
  });
});
