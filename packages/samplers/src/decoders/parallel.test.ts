import { describe, expect, it } from "vitest";
import { fakeDenoiser } from "../fake-denoiser.fixture.ts";
import { SamplerOptionsSchema } from "../options.ts";
import { decodeWith } from "./decoder-run.fixture.ts";
import { dreamDecoder } from "./dream.ts";
import { parallelDecoder } from "./parallel.ts";

/** Surer about a column the more of its neighbours are known. */
const neighbours = () =>
  fakeDenoiser((row, column) => {
    const known = [row[column - 1], row[column + 1]].filter((token) => token !== undefined && token !== 99).length;
    return { token: column + 10, confidence: [0.3, 0.95, 0.99][known]! + column / 1e4 };
  });

describe("parallelDecoder", () => {
  it("commits all that reach the threshold, worked by hand", async () => {
    // From the prompt on the left, one column at a time becomes sure; the last column has only itself.
    const { order, forwardPasses } = await decodeWith(parallelDecoder({ rule: "threshold" }), { denoiser: neighbours(), maxNewTokens: 3 });
    expect(order).toEqual([[0], [1], [2]]);
    expect(forwardPasses).toBe(3);
    const all = await decodeWith(parallelDecoder({ rule: "threshold", threshold: 0.3 }), { denoiser: neighbours(), maxNewTokens: 3 });
    expect(all.order).toEqual([[0, 2, 1]]);
  });

  it("decodes like Dream with a token a step at threshold 1", async () => {
    const one = await decodeWith(parallelDecoder({ rule: "threshold", threshold: 1 }), { denoiser: neighbours() });
    const dream = dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 8, steps: 8, schedule: "even", alg: "maskgit_plus" }));
    expect(one.traces).toEqual((await decodeWith(dream, { denoiser: neighbours() })).traces);
  });

  it("stays in its block until that is full", async () => {
    const { order } = await decodeWith(parallelDecoder({ rule: "threshold", threshold: 0, blockLength: 3 }), { denoiser: neighbours() });
    expect(order.map((step) => [...step].sort((a, b) => a - b))).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
    ]);
  });

  it("decodes by factor, entropy bound and hierarchy", async () => {
    const denoiser = () => fakeDenoiser((_, column) => ({ token: column + 10, confidence: 1 - column / 40 }));
    const counts = async (options: Parameters<typeof parallelDecoder>[0]) =>
      (await decodeWith(parallelDecoder(options), { denoiser: denoiser(), maxNewTokens: 6 })).order.map(({ length }) => length);
    // 1 - c of the completion: 0.05, 0.075, ..., 0.175; times n + 1: 0.1, 0.225, 0.4, 0.625, 0.9, 1.225.
    expect(await counts({ rule: "factor" })).toEqual([5, 1]);
    expect(await counts({ rule: "hierarchy", threshold: 0.89 })).toEqual([3, 1, 1, 1]);
    // The fake's entropy is minus its confidence: every sum is below any bound.
    expect(await counts({ rule: "entropy_bound", entropyBound: 0 })).toEqual([6]);
  });
});
