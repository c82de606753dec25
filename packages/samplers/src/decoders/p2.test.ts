import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fakeDenoiser, MASK } from "../fake-denoiser.fixture.ts";
import { replayTrace } from "../trace.ts";
import { decodeWith } from "./decoder-run.fixture.ts";
import { p2Decoder } from "./p2.ts";

describe("p2Decoder", () => {
  it("weighs what it has revealed anew, and takes back what is no longer among the surest", async () => {
    // Pass 1 is surest of the right, pass 2 of the left: the right one is taken back.
    let pass = 0;
    const denoiser = fakeDenoiser((row, column) => {
      if (column === 2) pass++;
      return { token: 10 * pass + column, confidence: pass === 1 ? column / 100 : 1 - column / 100 };
    });
    const { traces, completionIds } = await decodeWith(p2Decoder({ steps: 3 }), { denoiser, maxNewTokens: 3 });
    expect(replayTrace(traces[0]!).map((row) => row.slice(2))).toEqual([
      [MASK, MASK, 14],
      [22, 23, MASK],
      [22, 23, 34],
    ]);
    expect(completionIds).toEqual([[22, 23, 34]]);
  });

  it("leaves floor(N (1 - (i + 1) / S)) masks after step i, whatever the model thinks, and none in the end", async () => {
    const cases = fc.record({ masks: fc.integer({ min: 1, max: 12 }), steps: fc.integer({ min: 1, max: 15 }), seed: fc.nat(99) });
    await fc.assert(
      fc.asyncProperty(cases, async ({ masks, steps, seed }) => {
        let calls = seed;
        const denoiser = fakeDenoiser((_, column) => ({ token: 10 + column, confidence: ((calls++ * 37 + column) % 101) / 101 }));
        const { traces, sequences } = await decodeWith(p2Decoder({ steps }), { denoiser, maxNewTokens: masks });
        const counts = replayTrace(traces[0]!).map((row) => row.filter((token) => token === MASK).length);
        expect(counts).toEqual(Array.from({ length: counts.length }, (_, step) => Math.floor(masks * (1 - (step + 1) / steps) + 1e-6)));
        expect(sequences[0]).not.toContain(MASK);
      }),
    );
  });
});
