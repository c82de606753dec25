import { describe, expect, it } from "vitest";
import { columnsDenoiser, decodeWith } from "./decoder-run.fixture.ts";
import { mdlmDecoder } from "./mdlm.ts";

const counts = async (options: Parameters<typeof mdlmDecoder>[0], maxNewTokens = 8) =>
  (await decodeWith(mdlmDecoder(options), { maxNewTokens })).order.map(({ length }) => length);

describe("mdlmDecoder", () => {
  it("reveals the likeliest tokens, as many as dllm's schedule says, block by block", async () => {
    const { order } = await decodeWith(mdlmDecoder({ steps: 4, blockLength: 4 }));
    expect(order).toEqual([
      [3, 2],
      [1, 0],
      [7, 6],
      [5, 4],
    ]);
    expect(await counts({ steps: 4 }, 6)).toEqual([2, 1, 2, 1]);
  });

  it("divides steps by the blocks and rounds up, or has steps for each block", async () => {
    expect(await counts({ steps: 3, blockLength: 4 })).toEqual([2, 2, 2, 2]);
    expect(await counts({ steps: 100, stepsPerBlock: 1, blockLength: 4 })).toEqual([4, 4]);
    expect(await counts({ steps: 64 }, 3)).toEqual([1, 1, 1]);
  });

  it("runs the cosine schedule backwards", async () => {
    expect(await counts({ steps: 6, scheduler: "cosine" }, 16)).toEqual([1, 2, 2, 3, 4, 4]);
  });

  it("masks the prompt for guidance, but for the tokens that are kept", async () => {
    const denoiser = columnsDenoiser();
    await decodeWith(mdlmDecoder({ steps: 1, cfgScale: 2, cfgKeepTokens: [6] }), { denoiser, maxNewTokens: 1 });
    expect([...denoiser.requests[0]!.unconditionalIds!]).toEqual([99, 6, 99]);
  });

  it("names every bad option", () => {
    expect(() => mdlmDecoder({ steps: 0, scheduler: "square" as never })).toThrow(/steps.*\n.*scheduler/);
  });
});
