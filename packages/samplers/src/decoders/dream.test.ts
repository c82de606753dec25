import { createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { fakeDenoiser, MASK } from "../fake-denoiser.fixture.ts";
import { generate } from "../generate.ts";
import { SamplerOptionsSchema } from "../options.ts";
import { dreamDecoder } from "./dream.ts";

const denoiser = () => fakeDenoiser((_, column) => ({ token: column + 10 + (column + 10 >= MASK ? 1 : 0), confidence: column / 100 }));
const decode = (options: object, seed = 0, maxNewTokens = 8) =>
  generate({
    denoiser: denoiser(),
    decoder: dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens, ...options })),
    promptIds: [[5, 6]],
    maxNewTokens,
    random: createRandom(seed),
    padTokenId: 0,
  });
const countsOf = async (options: object, seed?: number, maxNewTokens?: number) =>
  (await decode(options, seed, maxNewTokens)).traces[0]!.steps.map(({ positions }) => positions.length);

describe("dreamDecoder", () => {
  it("commits 1, 2, 2 and 3 of eight tokens in four steps", async () => {
    expect(await countsOf({ steps: 4 })).toEqual([1, 2, 2, 3]);
    expect(await countsOf({ steps: 4, schedule: "even" })).toEqual([2, 2, 2, 2]);
  });

  it("makes no pass in Dream's first step, which commits nothing", async () => {
    const { forwardPasses, traces } = await decode({ steps: 8 });
    expect(traces[0]!.steps.map(({ positions }) => positions.length)).toEqual([0, 1, 1, 1, 1, 1, 1, 2]);
    expect(forwardPasses).toBe(7);
  });

  it("origin commits each mask with probability 1 - s/t", async () => {
    // In each of 4 even steps a quarter of 400 masks on average; three standard deviations are 3 sqrt(400/4 * 3/4) = 26.
    const [first] = (await countsOf({ alg: "origin", steps: 4, schedule: "even" }, 3, 400)) as [number];
    expect(Math.abs(first - 100)).toBeLessThan(26);
    const dream = await countsOf({ alg: "origin", steps: 4 }, 3, 400);
    expect(Math.abs(dream[0]! - 100)).toBeLessThan(26);
    expect(dream.reduce((a, b) => a + b, 0)).toBe(400); // the last step leaves none
  });

  it("algTemp changes which positions come first, not what they get, also at temperature 0", async () => {
    const orders = await Promise.all([0, 1, 2].map(async (seed) => (await decode({ steps: 4, algTemp: 10 }, seed)).traces[0]!.steps));
    expect(new Set(orders.map((steps) => JSON.stringify(steps))).size).toBe(3);
    const { completionIds } = await decode({ steps: 4, algTemp: 10 });
    expect(completionIds).toEqual([[12, 13, 14, 15, 16, 17, 18, 19]]);
    expect((await decode({ steps: 4, algTemp: 0 }, 1)).traces).toEqual((await decode({ steps: 4 }, 2)).traces);
  });

  it("asks the denoiser for the confidence that its algorithm ranks by", async () => {
    for (const alg of ["maskgit_plus", "topk_margin", "entropy"] as const) {
      expect(dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 1, alg })).draw.confidence).toBe(alg);
    }
  });

  it("ends after its steps, like Dream, even if the model proposes mask tokens", async () => {
    const { completionIds, forwardPasses } = await generate({
      denoiser: { ...fakeDenoiser(() => ({ token: MASK, confidence: 1 })), mayProposeMask: true },
      decoder: dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 2, steps: 3, schedule: "even" })),
      promptIds: [[5]],
      maxNewTokens: 2,
      random: createRandom(0),
      padTokenId: 0,
    });
    expect(completionIds).toEqual([[MASK, MASK]]);
    expect(forwardPasses).toBe(3);
  });

  it("names every option that is not one", () => {
    const options = SamplerOptionsSchema.parse({ maxNewTokens: 1 });
    expect(() => dreamDecoder({ ...options, temperature: Number.NaN, steps: 1e9 })).toThrow(
      [
        "Invalid dreamDecoder options:",
        "  - steps: must be at most 131072, got 1000000000",
        "  - temperature: must be a finite number, got NaN",
      ].join("\n"),
    );
  });

  it("takes masks of the prompt for holes", async () => {
    const { sequences } = await generate({
      denoiser: denoiser(),
      decoder: dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 1, steps: 2 })),
      promptIds: [[5, MASK]],
      maxNewTokens: 1,
      random: createRandom(0),
      padTokenId: 0,
    });
    expect(sequences).toEqual([[5, 11, 12]]);
  });
});
