import type { DenoiseTrace, TraceStep } from "@diffucoder/samplers";
import { describe, expect, it } from "vitest";
import { decodingOrder } from "./decoding-order.ts";
import { traceFigures } from "./trace-figures.ts";

const [MASK, PAD, END] = [9, 0, 1];
type Changed = Partial<TraceStep> & { positions: number[] };
const stepsOf = (...changes: Changed[]): TraceStep[] =>
  changes.map((change, step) => ({
    step,
    tokens: change.positions.map(() => 5),
    confidence: change.positions.map(() => 0.5),
    entropy: change.positions.map((column) => column / 10),
    forwardPasses: step + 1,
    ...change,
  }));
const traceOf = (initialIds: number[], steps: TraceStep[]): DenoiseTrace => ({
  initialIds,
  maskTokenId: MASK,
  padTokenId: PAD,
  eosTokenIds: [END],
  steps,
});
const prompted = (...changes: Changed[]) => traceOf([PAD, 7, MASK, MASK, MASK, MASK], stepsOf(...changes));

describe("decodingOrder", () => {
  it("counts the masks of a row from the left, around given tokens", () => {
    expect(decodingOrder(prompted({ positions: [2] }, { positions: [5, 3] }, { positions: [] }, { positions: [4] }))).toEqual({
      length: 4,
      steps: [[0], [3, 1], [2]],
    });
    expect(decodingOrder(traceOf([7, MASK, 7, MASK], stepsOf({ positions: [3] }, { positions: [1] })))).toEqual({ length: 2, steps: [[1], [0]] });
  });

  it("leaves out padding behind the end, edits, tokens of a hook and proposals of the mask", () => {
    expect(decodingOrder(prompted({ positions: [2] }, { positions: [3], tokens: [END], filled: [4, 5] }))).toEqual({ length: 4, steps: [[0], [1]] });
    expect(decodingOrder(prompted({ positions: [2] }, { positions: [2, 3] }))).toEqual({ length: 4, steps: [[0], [1]] });
    const hooked = { positions: [4], tokens: [5] };
    expect(decodingOrder(prompted({ positions: [2], hooked }, { positions: [4, 3] }))).toEqual({ length: 4, steps: [[0], [1]] });
    expect(decodingOrder(prompted({ positions: [2, 3], tokens: [MASK, 5] }, { positions: [2] }))).toEqual({ length: 4, steps: [[1], [0]] });
  });

  it("counts the last reveal of a position that was masked again", () => {
    const trace = prompted({ positions: [2] }, { positions: [3], remasked: [2] }, { positions: [4] }, { positions: [2] });
    expect(decodingOrder(trace)).toEqual({ length: 4, steps: [[1], [2], [0]] });
  });

  it("counts columns as they are in the end, where columns came and went", () => {
    const trace = traceOf(
      [7, MASK, MASK, MASK],
      stepsOf({ positions: [3] }, { positions: [], expanded: [1] }, { positions: [1], deleted: [3] }, { positions: [2] }),
    );
    expect(decodingOrder(trace)).toEqual({ length: 3, steps: [[2], [0], [1]] });
  });

  it("looks at the answer alone, its end included, where the trace knows its end", () => {
    const trace = prompted({ positions: [5] }, { positions: [3], tokens: [END] }, { positions: [2], filled: [4] });
    expect(decodingOrder(trace, { region: "answer" })).toEqual({ length: 2, steps: [[1], [0]] });
    const { eosTokenIds: _, ...unknown } = trace;
    expect(decodingOrder(unknown, { region: "answer" })).toEqual(decodingOrder(trace));
  });

  it("refuses a step that does not fit the row", () => {
    expect(() => decodingOrder(prompted({ positions: [6] }))).toThrow(
      'trace must be a trace whose steps change the 6 columns of its row, got "column 6 in step 0".',
    );
  });
});

describe("traceFigures", () => {
  const trace = prompted({ positions: [2] }, { positions: [4, 5], tokens: [END, 5] }, { positions: [3] });

  it("of the canvas, by hand", () => {
    const figures = traceFigures(trace, { ks: [1, 2] });
    expect(figures).toMatchObject({ local: [0.5, 0.25], global: [0.5, 1], tokensPerPass: 4 / 3, answerLength: 2 });
    expect(figures.entropy).toBeCloseTo((0.2 + 0.4 + 0.5 + 0.3) / 4, 12);
  });

  it("of the answer, by hand: its order is 0 2 1", () => {
    const figures = traceFigures(trace, { ks: [1, 2], region: "answer" });
    expect(figures).toMatchObject({ local: [1 / 3, 1 / 3], global: [2 / 3, 1], tokensPerPass: 4 / 3 });
    expect(figures.entropy).toBeCloseTo((0.2 + 0.4 + 0.3) / 3, 12);
  });

  it("does not know the length of an answer whose end tokens it does not know, and takes an answer without an end to be the canvas", () => {
    const { eosTokenIds: _, ...unknown } = trace;
    expect(traceFigures(unknown, { ks: [1] }).answerLength).toBeUndefined();
    expect(traceFigures(prompted({ positions: [2, 3, 4, 5] }), { ks: [1] }).answerLength).toBe(4);
  });

  it("refuses a trace that revealed nothing", () => {
    expect(() => traceFigures(prompted(), { ks: [1] })).toThrow("order must be an order of at least one position, got [].");
  });
});
