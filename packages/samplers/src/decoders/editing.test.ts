import { describe, expect, it } from "vitest";
import { fakeDenoiser, MASK } from "../fake-denoiser.fixture.ts";
import { generateSteps } from "../generate.ts";
import { createRandom } from "@diffucoder/core";
import { decodeWith } from "./decoder-run.fixture.ts";
import { editingDecoder } from "./editing.ts";

/** Reveals 50 at first; once the column to the left is known, it wants 60 there. */
const changingItsMind = (confidence = 0.95) =>
  fakeDenoiser((row, column) => ({ token: row[column - 1] === MASK ? 50 : 60, confidence: row[column] === MASK ? 1 : confidence }));

describe("editingDecoder", () => {
  it("replaces tokens that it is no longer sure of, and tells it", async () => {
    const events = [];
    const run = generateSteps({
      denoiser: changingItsMind(),
      decoder: editingDecoder(),
      promptIds: [[5]],
      maxNewTokens: 3,
      random: createRandom(0),
      padTokenId: 0,
    });
    for await (const event of run) events.push(event);
    expect(events.map(({ rows }) => [rows[0]!.positions, rows[0]!.tokens, rows[0]!.edited])).toEqual([
      [[0, 1, 2], [60, 50, 50], []],
      [
        [1, 2],
        [60, 60],
        [1, 2],
      ],
      [[], [], []], // nothing more to replace
    ]);
  });

  it("leaves tokens alone below the edit threshold, and makes no more steps than allowed", async () => {
    const { completionIds } = await decodeWith(editingDecoder(), { denoiser: changingItsMind(0.8), maxNewTokens: 3 });
    expect(completionIds).toEqual([[60, 50, 50]]);
    let pass = 0;
    const neverContent = fakeDenoiser(() => ({ token: 50 + pass++, confidence: 1 }));
    const { forwardPasses } = await decodeWith(editingDecoder({ maxPostEdits: 3 }), { denoiser: neverContent, maxNewTokens: 2 });
    expect(forwardPasses).toBe(4);
  });

  it("does not edit the prompt or a finished block", async () => {
    const { completionIds, sequences } = await decodeWith(editingDecoder({ blockLength: 2 }), { denoiser: changingItsMind(), maxNewTokens: 4 });
    expect(completionIds).toEqual([[60, 60, 60, 60]]);
    expect(sequences[0]!.slice(0, 2)).toEqual([5, 6]);
  });
});
