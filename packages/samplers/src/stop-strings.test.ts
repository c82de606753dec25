import { createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { dreamDecoder } from "./decoders/dream.ts";
import { fakeDenoiser, MASK } from "./fake-denoiser.fixture.ts";
import { generate } from "./generate.ts";
import { SamplerOptionsSchema } from "./options.ts";
import { stopColumn } from "./stop-strings.ts";

const texts = ["a", "b", "```", "``", "`", "\n"];
const stop = { strings: ["```"], tokenText: (id: number) => texts[id] ?? "" };
const find = (...ids: number[]) => stopColumn(Int32Array.from(ids), { from: 0, maskTokenId: MASK, stop });

describe("stopColumn", () => {
  it("finds a stop string in one token, over several, and behind masks", () => {
    expect(find(0, 2, 1)).toBe(1);
    expect(find(0, 3, 4, 1)).toBe(2);
    expect(find(0, MASK, MASK, 4, 3)).toBe(4);
    expect(find(2, 0, 2)).toBe(0);
  });

  it("does not join what a mask keeps apart", () => {
    expect(find(3, MASK, 4)).toBeUndefined();
    expect(find(0, 1)).toBeUndefined();
  });
});

describe("generate with stop strings", () => {
  it("ends the answer at the first one, and spends no pass on what lies behind", async () => {
    const { completionIds, ends, forwardPasses } = await generate({
      denoiser: fakeDenoiser((_, column) => ({ token: column === 3 ? 2 : 0, confidence: column === 3 ? 1 : -column })),
      decoder: dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 8, steps: 8, schedule: "even" })),
      promptIds: [[1]],
      maxNewTokens: 8,
      random: createRandom(0),
      padTokenId: 9,
      stop,
    });
    expect(completionIds).toEqual([[0, 0, 2, 9, 9, 9, 9, 9]]);
    expect(ends).toEqual([2]);
    expect(forwardPasses).toBe(3);
  });
});
