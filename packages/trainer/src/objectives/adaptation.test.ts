import { createRandom } from "@diffucoder/core";
import type { NdArray } from "@diffucoder/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adaptation, annealedAttention } from "./adaptation.ts";

const MASK = 9;
/** Rows of ones and twos, the first with two columns of left padding. */
const batchOf = (rows: number, length: number) => ({
  inputIds: Int32Array.from({ length: rows * length }, (_, i) => 1 + (i % 2)),
  attentionMask: Int32Array.from({ length: rows * length }, (_, i) => (i < 2 ? 0 : 1)),
  completionMask: new Int32Array(rows * length).fill(1),
  batchSize: rows,
  sequenceLength: length,
  promptLength: 0,
});
const rowsOf = ({ data, shape }: NdArray): number[][] =>
  Array.from({ length: shape[0]! }, (_, row) => [...data.subarray(row * shape[1]!, (row + 1) * shape[1]!)]);

describe("annealedAttention", () => {
  const pattern = (open: number, length = 3): number[][] => rowsOf(annealedAttention({ length, open, random: createRandom(1) }));

  it("is causal at 0 and bidirectional at 1", () => {
    expect(pattern(0)).toEqual([
      [1, 0, 0],
      [1, 1, 0],
      [1, 1, 1],
    ]);
    expect(pattern(1).flat()).toEqual(Array(9).fill(1));
  });

  it("in between, always shows the past, and the asked share of the future", () => {
    const [open, length] = [0.3, 80];
    const rows = pattern(open, length);
    const ahead = rows.flatMap((row, query) => row.slice(query + 1));
    expect(rows.every((row, query) => row.slice(0, query + 1).every((one) => one === 1))).toBe(true);
    const seen = ahead.reduce((sum, one) => sum + one, 0);
    const spread = Math.sqrt(ahead.length * open * (1 - open));
    expect(Math.abs(seen - open * ahead.length)).toBeLessThan(4 * spread);
  });
});

describe("adaptation", () => {
  const at = (stageStep: number, seed = 3) => ({ stageStep, random: createRandom(seed) });
  const objective = (more: object = {}) => adaptation({ maskTokenId: MASK, eps: 1e-3, ...more });

  it("opens attention over annealSteps: one pattern for the batch, then all", () => {
    const anneal = objective({ annealSteps: 4 });
    const shareAt = (step: number): number | string => {
      const { attention } = anneal(batchOf(2, 60), at(step));
      if (typeof attention === "string") return attention;
      expect(attention.shape).toEqual([60, 60]);
      const ahead = rowsOf(attention).flatMap((row, query) => row.slice(query + 1));
      return ahead.reduce((sum, one) => sum + one, 0) / ahead.length;
    };
    expect([shareAt(0), shareAt(1), shareAt(2)]).toBeAllclose([0.25, 0.5, 0.75], { atol: 0.05 }); // (step + 1) / 4
    expect([shareAt(3), shareAt(100)]).toEqual(["full", "full"]);
    expect(objective()(batchOf(2, 6), at(0)).attention).toBe("full");
  });

  it("by hand: at t = 1, all is masked that has a real token before it, and each counts 1 / N", () => {
    const { inputIds, attentionMask, weights } = objective({ eps: 1 })(batchOf(2, 5), at(0));
    expect(rowsOf(inputIds)).toEqual([
      [1, 2, 1, MASK, MASK],
      [2, MASK, MASK, MASK, MASK],
    ]);
    expect(rowsOf(attentionMask!)[0]).toEqual([0, 0, 1, 1, 1]);
    expect([...weights.data]).toBeAllclose(
      [0, 0, 0, 1, 1, 0, 1, 1, 1, 1].map((one) => one / 6),
      { rtol: 1e-6 },
    );
  });

  it("cuts the asked share of rows, to lengths from one token to predict up to all", () => {
    const [rows, length, rate] = [2000, 6, 0.4];
    const { attentionMask, weights } = objective({ truncationRate: rate, eps: 1 })(batchOf(rows, length), at(0));
    const ends = rowsOf(attentionMask!).map((row) => row.lastIndexOf(1) + 1);
    const cut = ends.slice(1).filter((end) => end < length).length;
    expect(cut / rows).toBeCloseTo(rate * 0.8, 1); // a length is one of 2 to 6, and 6 is no cut
    expect(new Set(ends.slice(1))).toEqual(new Set([2, 3, 4, 5, 6]));
    const counted = rowsOf(weights).map((row) => row.filter((weight) => weight > 0).length);
    expect(counted.slice(1)).toEqual(ends.slice(1).map((end) => end - 1)); // nothing behind a cut counts
  });

  it("leaves a random prefix of the asked share of rows clean, and at least one token to mask", () => {
    const [rows, length, rate] = [2000, 8, 0.25];
    const { inputIds } = objective({ cleanPrefixRate: rate, eps: 1 })(batchOf(rows, length), at(0));
    const clean = rowsOf(inputIds).map((row) => row.indexOf(MASK));
    const longer = clean.slice(1).filter((prefix) => prefix > 1).length;
    expect(longer / rows).toBeCloseTo(rate * (6 / 7), 1); // a prefix is one of 1 to 7, and the first token is always clean
    expect(Math.max(...clean)).toBe(7);
  });

  it("masks no padding, and gives each masked token a weight of at least 1 / N, whatever the settings", () => {
    const rate = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 2, max: 9 }), rate, rate, fc.nat(1000), (rows, length, cut, prefix, seed) => {
        const batch = batchOf(rows, length);
        const made = objective({ truncationRate: cut, cleanPrefixRate: prefix })(batch, at(0, seed));
        made.inputIds.data.forEach((id, i) => {
          const isMasked = id === MASK;
          expect(made.weights.data[i]! > 0).toBe(isMasked);
          if (isMasked) expect([made.attentionMask!.data[i], made.attentionMask!.data[i - 1]]).toEqual([1, 1]);
          else expect(id).toBe(batch.inputIds[i]);
        });
      }),
      { seed: 7, numRuns: 60 },
    );
  });
});
