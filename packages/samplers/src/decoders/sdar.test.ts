import { describe, expect, it } from "vitest";
import { fakeDenoiser } from "../fake-denoiser.fixture.ts";
import { decodeWith } from "./decoder-run.fixture.ts";
import { sdarDecoder } from "./sdar.ts";

const orderOf = async (options: Parameters<typeof sdarDecoder>[0], maxNewTokens = 8) =>
  (await decodeWith(sdarDecoder(options), { maxNewTokens })).order;

describe("sdarDecoder", () => {
  it("static: the surest, as many as divide a whole block evenly, also where the prompt has part of it", async () => {
    // The prompt has two of the first block's four columns: in two steps of two, one step is enough.
    expect(await orderOf({ rule: "static", blockLength: 4, stepsPerBlock: 2 }, 6)).toEqual([
      [1, 0],
      [5, 4],
      [3, 2],
    ]);
    expect(await orderOf({ rule: "static", blockLength: 4, stepsPerBlock: 3 }, 6)).toEqual([[1, 0], [5, 4], [3], [2]]);
  });

  it("sequential: from left to right", async () => {
    expect(await orderOf({ rule: "sequential", blockLength: 4, stepsPerBlock: 2 }, 6)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
  });

  it("dynamic: all that exceed the threshold, or as many as static if those are fewer", async () => {
    // Columns 2 to 7 have confidences 0.02 to 0.07.
    expect(await orderOf({ blockLength: 8, threshold: 0.04 }, 6)).toEqual([[5, 4, 3], [2], [1], [0]]);
    expect(await orderOf({ blockLength: 8, threshold: 0.07, stepsPerBlock: 4 }, 6)).toEqual([
      [5, 4],
      [3, 2],
      [1, 0],
    ]);
  });

  it("overwrites nothing of the prompt where fewer masks are left than a step may reveal", async () => {
    const { sequences } = await decodeWith(sdarDecoder({ rule: "static", blockLength: 4, stepsPerBlock: 1 }), { maxNewTokens: 1 });
    expect(sequences).toEqual([[5, 6, 12]]);
  });

  it("finishes the block of an end token, and fills what follows", async () => {
    const denoiser = fakeDenoiser((_, column) => ({ token: column === 3 ? 1 : 50, confidence: column / 100 }));
    const { completionIds, forwardPasses } = await decodeWith(sdarDecoder({ rule: "static", blockLength: 4, stepsPerBlock: 4 }), {
      denoiser,
      eosTokenIds: [1],
    });
    expect(completionIds).toEqual([[50, 1, 0, 0, 0, 0, 0, 0]]);
    expect(forwardPasses).toBe(2);
  });
});
