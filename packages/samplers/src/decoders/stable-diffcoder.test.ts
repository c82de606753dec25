import { describe, expect, it } from "vitest";
import { decodeWith } from "./decoder-run.fixture.ts";
import { stableDiffcoderDecoder, stableDiffcoderStepsDecoder } from "./stable-diffcoder.ts";

describe("stableDiffcoderDecoder", () => {
  it("reveals every token of a block that reaches the threshold, and the surest", async () => {
    // Columns 2 3 | 4 5 6 7 | 8 9; confidences are the column's hundredths.
    const { order } = await decodeWith(stableDiffcoderDecoder({ blockLength: 4, threshold: 0.05 }));
    expect(order).toEqual([[1], [0], [5, 4, 3], [2], [7, 6]]);
  });

  it("takes as many steps as a block needs", async () => {
    const { forwardPasses } = await decodeWith(stableDiffcoderDecoder({ blockLength: 4, threshold: 1 }));
    expect(forwardPasses).toBe(8);
  });
});

describe("stableDiffcoderStepsDecoder", () => {
  it("divides a block's masks evenly over its share of the steps", async () => {
    const { order } = await decodeWith(stableDiffcoderStepsDecoder({ blockLength: 4, steps: 4 }));
    expect(order).toEqual([[1], [0], [5, 4], [3, 2], [7], [6]]);
    expect((await decodeWith(stableDiffcoderStepsDecoder({ blockLength: 4, steps: 2 }))).forwardPasses).toBe(3);
  });
});
