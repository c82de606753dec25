import { describe, expect, it } from "vitest";
import { MASK } from "../toy-logits.fixture.ts";
import { after, estimateOf, rolloutOf, traceOf } from "./estimates.fixture.ts";
import { createEstimator } from "./index.ts";

describe("traceReplay", () => {
  const replayed = async (shrink: number, completionIds: number[], revealed: number[][]) => {
    const one = { ...rolloutOf(completionIds), trace: traceOf(completionIds, revealed) };
    return (await estimateOf(createEstimator({ estimator: "traceReplay", estimatorOptions: { shrink } }), [one]))[0];
  };

  it("sees what stood when a token was revealed, worked by hand", async () => {
    // The last token first, then the first two at once: the second does not see the first.
    expect(await replayed(1, [2, 3, 0], [[2], [0, 1]])).toBeAllclose([after(1, 2), after(MASK, 3), after(MASK, 0)], { atol: 1e-5 });
    // From left to right, one a step; then two steps together.
    expect(await replayed(1, [2, 3, 0], [[0], [1], [2]])).toBeAllclose([after(1, 2), after(2, 3), after(3, 0)], { atol: 1e-5 });
    expect(await replayed(2, [2, 3, 0], [[0], [1], [2]])).toBeAllclose([after(1, 2), after(MASK, 3), after(3, 0)], { atol: 1e-5 });
  });

  it("needs traces of completions that keep their length", () => {
    const { draw } = createEstimator({ estimator: "traceReplay" });
    const { trace, ...untraced } = rolloutOf([2, 3]);
    expect(() => draw([untraced], 0)).toThrow('rollouts must be rollouts with the traces of their sampling, for traceReplay, got "no trace".');
    const grown = { ...trace!, steps: trace!.steps.map((step) => ({ ...step, expanded: [2] })) };
    expect(() => draw([{ ...untraced, trace: grown }], 0)).toThrow(
      'rollouts must be completions of one length, for traceReplay, got "columns that came or went".',
    );
  });
});
