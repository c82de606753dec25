import { InvalidArgumentError } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { type DenoiseTrace, diffTraces, formatTrace, parseTrace, replayTrace } from "./trace.ts";

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
    const provisional = { positions: [1], confidence: [-0.5], entropy: [0.5] };
    const told = { ...trace, eosTokenIds: [4], steps: [{ ...trace.steps[0]!, provisional }, trace.steps[1]!] };
    expect(parseTrace(formatTrace(told))).toEqual(told);
  });

  it("that are damaged name the line", () => {
    const lines = formatTrace(trace).split("\n");
    expect(() => parseTrace([lines[0], "{", lines[2]].join("\n"))).toThrow(InvalidArgumentError);
    expect(() => parseTrace([lines[0], "{", lines[2]].join("\n"))).toThrow("trace, line 2");
    expect(() => parseTrace([lines[0], '{"step":0}'].join("\n"))).toThrow(/^Invalid trace, line 2:\n {2}- positions: /);
    expect(() => parseTrace("")).toThrow('trace must be a trace: lines of JSON, got "".');
  });

  it("replay masks that come back, columns that come and go, and hooks", () => {
    const none = { positions: [], tokens: [], confidence: [], entropy: [] };
    const steps = [
      { ...none, remasked: [1], forwardPasses: 1 },
      { ...none, expanded: [1], deleted: [3], forwardPasses: 2 },
      { ...none, hooked: { positions: [0], tokens: [7] }, forwardPasses: 3 },
    ].map((change, step) => ({ step, ...change }));
    const run = { initialIds: [5, 4, 3, 2], maskTokenId: 9, steps };
    expect(replayTrace(run)).toEqual([
      [5, 9, 3, 2],
      [5, 9, 9, 3],
      [7, 9, 9, 3],
    ]);
    expect(parseTrace(formatTrace(run))).toEqual(run);
  });
});

describe("diffTraces", () => {
  it("is undefined for runs that are equal after every step", () => {
    expect(diffTraces(trace, structuredClone(trace))).toBeUndefined();
  });

  it("gives the first step after which the rows differ, and the tokens there", () => {
    const other = structuredClone(trace);
    other.steps[1]!.tokens = [8];
    expect(diffTraces(trace, other)).toEqual({ step: 1, columns: [1], tokens: [[4], [8]] });
  });

  it("takes a run that ends earlier to stay as it is", () => {
    expect(diffTraces(trace, { ...trace, steps: trace.steps.slice(0, 1) })).toEqual({ step: 1, columns: [1], tokens: [[4], [9]] });
  });
});
