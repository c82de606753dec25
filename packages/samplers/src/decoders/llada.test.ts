import { createRandom, InvalidArgumentError } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { fakeDenoiser } from "../fake-denoiser.fixture.ts";
import { columnsDenoiser, decodeWith } from "./decoder-run.fixture.ts";
import { lladaDecoder } from "./llada.ts";

describe("lladaDecoder", () => {
  it("finishes one block after the other, each with its own steps", async () => {
    const { order } = await decodeWith(lladaDecoder({ steps: 4, blockLength: 4 }));
    expect(order).toEqual([
      [3, 2],
      [1, 0],
      [7, 6],
      [5, 4],
    ]);
  });

  it("commits n div S tokens in a step, and one more in the first n mod S", async () => {
    const counts = async (maxNewTokens: number, steps: number) =>
      (await decodeWith(lladaDecoder({ steps }), { maxNewTokens })).order.map(({ length }) => length);
    expect(await counts(32, 8)).toEqual([4, 4, 4, 4, 4, 4, 4, 4]);
    expect(await counts(10, 4)).toEqual([3, 3, 2, 2]);
    expect(await counts(3, 8)).toEqual([1, 1, 1]); // LLaDA makes five more passes
  });

  it("spreads steps that the blocks do not divide, and ends with a shorter block", async () => {
    const { order } = await decodeWith(lladaDecoder({ steps: 4, blockLength: 3 }));
    expect(order.map(({ length }) => length)).toEqual([3, 3, 1, 1]);
    await expect(decodeWith(lladaDecoder({ steps: 2, blockLength: 3 }))).rejects.toThrow(
      new InvalidArgumentError({ argument: "steps", value: 2, expected: "at least 3, one for each block" }),
    );
  });

  it("commits in any order with random remasking, by seed", async () => {
    const orders = await Promise.all(
      [1, 2, 1].map(async (seed) => (await decodeWith(lladaDecoder({ steps: 8, remasking: "random" }), { random: createRandom(seed) })).order.flat()),
    );
    expect(orders[0]).toEqual(orders[2]);
    expect(orders[0]).not.toEqual(orders[1]);
    expect(orders[0]).not.toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
  });

  it("gives the denoiser the row with its prompt masked when it guides", async () => {
    const denoiser = columnsDenoiser();
    await decodeWith(lladaDecoder({ steps: 1, cfgScale: 2 }), { denoiser, maxNewTokens: 1 });
    expect([...denoiser.requests[0]!.unconditionalIds!]).toEqual([99, 99, 99]);
    expect(denoiser.requests[0]).toMatchObject({ draws: [{ guidanceScale: 2, confidence: "low_confidence" }] });
  });

  it("makes no pass for blocks behind the end of the answer", async () => {
    const denoiser = fakeDenoiser((_, column) => ({ token: column === 4 ? 1 : 50, confidence: column / 100 }));
    const { completionIds, forwardPasses } = await decodeWith(lladaDecoder({ steps: 4, blockLength: 4 }), { denoiser, eosTokenIds: [1] });
    expect(completionIds).toEqual([[50, 50, 1, 50, 0, 0, 0, 0]]);
    expect(forwardPasses).toBe(2);
  });

  it("names every bad option", () => {
    expect(() => lladaDecoder({ steps: 0, cfgScale: -1 })).toThrow(/steps.*\n.*cfgScale/);
  });
});
