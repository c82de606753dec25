import { InvalidArgumentError } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { type DenoiseTrace, formatTrace, parseTrace, replayTrace } from "./trace.ts";

const trace: DenoiseTrace = {
  initialIds: [5, 9, 9, 9],
  maskTokenId: 9,
  padTokenId: 0,
  steps: [
    { step: 0, positions: [2], tokens: [1], confidence: [0.5], entropy: [0.1], forwardPasses: 1, filled: [3] },
    { step: 1, positions: [1], tokens: [4], confidence: [0.25], entropy: [0.2], forwardPasses: 2 },
  ],
};

describe("traces", () => {
  it("replay to the canvas after each step", () => {
    expect(replayTrace(trace)).toEqual([
      [5, 9, 1, 0],
      [5, 4, 1, 0],
    ]);
  });

  it("survive being written and read", () => {
    expect(parseTrace(formatTrace(trace))).toEqual(trace);
  });

  it("that are damaged name the line", () => {
    const lines = formatTrace(trace).split("\n");
    expect(() => parseTrace([lines[0], "{", lines[2]].join("\n"))).toThrow(InvalidArgumentError);
    expect(() => parseTrace([lines[0], "{", lines[2]].join("\n"))).toThrow("trace, line 2");
  });
});
