import { createRandom } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fakeDenoiser, MASK } from "../fake-denoiser.fixture.ts";
import { replayTrace } from "../trace.ts";
import { decodeWith } from "./decoder-run.fixture.ts";
import { drawRemasked, remaskingDecoder } from "./remasking.ts";

const maskCounts = (trace: Parameters<typeof replayTrace>[0]) => replayTrace(trace).map((row) => row.filter((token) => token === MASK).length);

describe("remaskingDecoder", () => {
  it("never gets ahead of the schedule, makes up for what it took back, and leaves no mask", async () => {
    const settings = fc.record({ steps: fc.integer({ min: 1, max: 12 }), eta: fc.double({ min: 0, max: 1, noNaN: true }), seed: fc.nat(99) });
    await fc.assert(
      fc.asyncProperty(settings, fc.constantFrom("cap" as const, "rescale" as const, "conf" as const), async ({ steps, eta, seed }, remasking) => {
        const { traces, completionIds } = await decodeWith(remaskingDecoder({ steps, eta, remasking }), { random: createRandom(seed) });
        const scheduled = Array.from({ length: steps }, (_, step) => 8 - Math.floor((8 * (step + 1)) / steps));
        maskCounts(traces[0]!).forEach((count, step) => expect(count).toBeGreaterThanOrEqual(scheduled[step]!));
        expect(completionIds).toEqual([[12, 13, 14, 15, 16, 17, 18, 19]]);
      }),
      { numRuns: 40 },
    );
  });

  it("masks a revealed token again with probability eta (1 - a_s) / a_t", async () => {
    // 400 tokens in 8 steps, eta 0.5: in the fifth step 200 are revealed, and 0.5 * (3/8) / (4/8) = 3/8 of them go back.
    const decoder = remaskingDecoder({ steps: 8, eta: 0.5 });
    const denoiser = fakeDenoiser((_, column) => ({ token: 3, confidence: column / 1000 }));
    const { traces } = await decodeWith(decoder, { denoiser, maxNewTokens: 400 });
    const counts = traces[0]!.steps.map(({ remasked = [] }) => remasked.length);
    expect(Math.abs(counts[4]! - 75)).toBeLessThan(28); // four standard deviations of a binomial: 4 sqrt(200 * 3/8 * 5/8) = 27.4
    expect(counts[0]).toBe(0);
    expect(counts[7]).toBe(0);
  });

  it("takes nothing back at eta 0", async () => {
    const { order } = await decodeWith(remaskingDecoder({ steps: 4, eta: 0 }));
    expect(order).toEqual([
      [7, 6],
      [5, 4],
      [3, 2],
      [1, 0],
    ]);
  });

  it("takes back unsure tokens first with conf: m softmax(-psi)", () => {
    // Step 4 of 8: m = (3/8) / (4/8) = 0.75; softmax(-0, -1) = 0.731, 0.269.
    const counts = [0, 0];
    const random = createRandom(5);
    for (let i = 0; i < 4000; i++) {
      for (const column of drawRemasked(
        [
          [0, 0],
          [1, 1],
        ],
        4,
        { steps: 8, remasking: "conf", eta: 0 },
        random,
      ))
        counts[column]!++;
    }
    expect(counts.map((count) => count / 4000)).toBeAllclose([0.548, 0.202], { atol: 0.032 }); // four standard deviations
  });

  it("does not touch the end of the answer, nor what lies behind it", async () => {
    const denoiser = fakeDenoiser((_, column) => ({ token: column === 5 ? 1 : 50, confidence: column === 5 ? 1 : column / 100 }));
    const { completionIds, traces } = await decodeWith(remaskingDecoder({ steps: 8, eta: 1, remasking: "cap" }), { denoiser, eosTokenIds: [1] });
    expect(completionIds).toEqual([[50, 50, 50, 1, 0, 0, 0, 0]]);
    expect(traces[0]!.steps.flatMap(({ remasked = [] }) => remasked).every((column) => column < 5)).toBe(true);
  });
});
