import type { DenoiseTrace } from "@diffucoder/samplers";
import { describe, expect, it } from "vitest";
import { entropySink, firstProposals } from "./first-step.ts";

const [MASK, END] = [9, 1];
const trace: DenoiseTrace = {
  initialIds: [7, MASK, MASK, MASK],
  maskTokenId: MASK,
  eosTokenIds: [END],
  steps: [
    { step: 0, positions: [], tokens: [], confidence: [], entropy: [], forwardPasses: 0 }, // asked for nothing
    {
      step: 1,
      positions: [2],
      tokens: [END],
      confidence: [0.9],
      entropy: [0.1],
      forwardPasses: 1,
      provisional: { positions: [1, 3], confidence: [0.8, 0.3], entropy: [0.2, 1.5] },
    },
    { step: 2, positions: [1], tokens: [5], confidence: [0.7], entropy: [0.4], forwardPasses: 2, filled: [3] },
  ],
};
const all = [
  { distance: 0, entropy: 0.2, confidence: 0.8 },
  { distance: 1, entropy: 0.1, confidence: 0.9 },
  { distance: 2, entropy: 1.5, confidence: 0.3 },
];

describe("firstProposals", () => {
  it("has what the first pass committed and what it only proposed, from left to right", () => {
    expect(firstProposals(trace)).toEqual(all);
    expect(firstProposals(trace, { region: "answer" })).toEqual(all.slice(0, 2));
  });

  it("is undefined where the trace does not tell", () => {
    const { provisional: _, ...first } = trace.steps[1]!;
    expect(firstProposals({ ...trace, steps: [first] })).toBeUndefined();
    expect(firstProposals({ ...trace, steps: [] })).toBeUndefined();
  });

  it("takes what was committed where that is all", () => {
    const step = { step: 0, positions: [2, 1, 3], tokens: [5, 5, 5], confidence: [0.9, 0.8, 0.3], entropy: [0.1, 0.2, 1.5], forwardPasses: 1 };
    expect(firstProposals({ ...trace, steps: [step] })).toEqual(all);
  });
});

describe("entropySink", () => {
  it("is Kendall's tau between distance and entropy: two of three pairs rise here", () => {
    expect(entropySink(all)).toBeCloseTo(1 / 3, 12);
    expect(entropySink(all.slice(0, 1))).toBeUndefined();
  });
});
