import { describe, expect, it } from "vitest";
import { decodingFigures, methodFigures } from "./decoding-figures.ts";
import type { SuiteSummary } from "./summarize-suites.ts";

const suite = (name: SuiteSummary["suite"], estimate: number): SuiteSummary => ({
  suite: name,
  passAtK: [
    { k: 1, estimate, interval95: [0, 1], tasks: 10 },
    { k: 10, estimate: 1, interval95: [0, 1], tasks: 10 },
  ],
  verdicts: {},
});

describe("decodingFigures", () => {
  it("are means over samples, and tokens of all by passes of all", () => {
    const samples = [{ cost: { forwardPasses: 10, tokens: 10 } }, { cost: { forwardPasses: 2, tokens: 20 } }];
    expect(decodingFigures(samples)).toEqual({ decoding: { forwardPasses: 6, tokens: 15, tokensPerPass: 2.5 } });
  });

  it("are not told where the cost of a sample is not known, nor of nothing", () => {
    expect(decodingFigures([{ cost: { forwardPasses: 1, tokens: 1 } }, {}])).toEqual({});
    expect(decodingFigures([])).toEqual({});
  });
});

describe("methodFigures", () => {
  const run = (method: string, tokensPerPass: number, ...suites: SuiteSummary[]) => ({
    method,
    decoding: { forwardPasses: 1, tokens: tokensPerPass, tokensPerPass },
    suites,
  });

  it("join the runs of a method to a curve of pass@1, each suite with the best of its own", () => {
    const runs = [
      run("a", 2, suite("base", 0.6), suite("plus", 0.3)),
      run("a", 1, suite("base", 0.6), suite("plus", 0.3)),
      run("b", 3, suite("base", 0.6), suite("plus", 0.3)),
    ];
    // 1 * 60 + (2 - 1) * 60, 3 * 60, and half of them; nothing is below the best.
    expect(methodFigures(runs)).toEqual([
      { method: "a", suite: "base", aup: 120 },
      { method: "a", suite: "plus", aup: 60 },
      { method: "b", suite: "base", aup: 180 },
      { method: "b", suite: "plus", aup: 90 },
    ]);
  });

  it("leave out what has no method or no known cost", () => {
    expect(methodFigures([{ suites: [suite("base", 0.5)] }, { method: "a", suites: [suite("base", 0.5)] }])).toEqual([]);
  });
});
