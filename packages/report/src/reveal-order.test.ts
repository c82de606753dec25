import { describe, expect, it } from "vitest";
import { revealOrder } from "./reveal-order.ts";

describe("revealOrder", () => {
  it("gives each token the step that revealed its position", () => {
    const trace = [
      { positions: [4, 2], confidence: [0.9, 0.8] },
      { positions: [3], confidence: [0.5] },
    ];
    expect(revealOrder({ trace, tokens: ["a", "b", "c"], firstPosition: 2 })).toEqual({
      tokens: ["a", "b", "c"],
      stepOf: [0, 1, 0],
      confidence: [0.8, 0.5, 0.9],
      steps: 2,
    });
  });

  it("takes the last step of a position that was masked again", () => {
    expect(revealOrder({ trace: [{ positions: [0] }, { positions: [] }, { positions: [0] }], tokens: ["a"] }).stepOf).toEqual([2]);
  });

  it("leaves out what lies outside the text and marks what was given", () => {
    expect(revealOrder({ trace: [{ positions: [1, 7] }], tokens: ["given", "b"] })).toEqual({ tokens: ["given", "b"], stepOf: [-1, 0], steps: 1 });
    expect(revealOrder({ trace: [], tokens: ["a"] })).toEqual({ tokens: ["a"], stepOf: [-1], steps: 1 });
  });
});
