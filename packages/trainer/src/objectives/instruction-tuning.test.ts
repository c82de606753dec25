import { createRandom } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffusion } from "./diffusion.ts";
import { instructionTuning } from "./instruction-tuning.ts";

const MASK = 9;
const [PROMPT, LENGTH] = [3, 8];
/** Prompts of three columns, the first row's with one of padding; responses of 2 and 4 tokens. */
const batchOf = (rows: number) => ({
  inputIds: Int32Array.from({ length: rows * LENGTH }, (_, i) => 1 + (i % LENGTH)),
  attentionMask: Int32Array.from({ length: rows * LENGTH }, (_, i) => (i === 0 ? 0 : 1)),
  completionMask: Int32Array.from({ length: rows * LENGTH }, (_, i) => {
    const [row, column] = [Math.floor(i / LENGTH), i % LENGTH];
    return column >= PROMPT && column < PROMPT + 2 + 2 * (row % 2) ? 1 : 0;
  }),
  batchSize: rows,
  sequenceLength: LENGTH,
  promptLength: PROMPT,
});
const at = (stageStep: number, seed = 3) => ({ stageStep, random: createRandom(seed) });
const tuning = (more: object = {}) => instructionTuning({ maskTokenId: MASK, eps: 1e-3, ...more });

describe("instructionTuning", () => {
  it("never noises a prompt, and learns the padding behind the end token, as the diffusion objective does", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(1000), (rows, seed) => {
        const batch = batchOf(rows);
        const { inputIds, weights } = tuning()(batch, at(5, seed));
        const plain = diffusion({ maskTokenId: MASK, eps: 1e-3 })(batch, at(5, seed));
        expect([[...inputIds.data], [...weights.data]]).toEqual([[...plain.inputIds.data], [...plain.weights.data]]);
        inputIds.data.forEach((id, i) => {
          if (i % LENGTH < PROMPT) expect([id, weights.data[i]]).toEqual([batch.inputIds[i], 0]);
        });
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  it("phases conditional masking in: at step s, a share (s + 1) / phaseInSteps of the prompts is clean", () => {
    const rows = 1500;
    const noisedPrompts = (step: number): number => {
      const { inputIds } = tuning({ phaseInSteps: 4, eps: 1 })(batchOf(rows), at(step));
      return Array.from({ length: rows }, (_, row) => inputIds.data.subarray(row * LENGTH, row * LENGTH + PROMPT).includes(MASK)).filter(Boolean)
        .length;
    };
    expect([0, 1, 2].map((step) => noisedPrompts(step) / rows)).toBeAllclose([0.75, 0.5, 0.25], { atol: 0.05 });
    expect([noisedPrompts(3), noisedPrompts(50)]).toEqual([0, 0]);
  });

  it("by hand: at t = 1, an unconditional row is masked where a real token stands before", () => {
    const { inputIds, weights } = tuning({ phaseInSteps: 1e9, eps: 1 })(batchOf(1), at(0));
    expect([...inputIds.data]).toEqual([1, 2, MASK, MASK, MASK, MASK, MASK, MASK]);
    expect([...weights.data]).toBeAllclose(
      [0, 0, 1, 1, 1, 1, 1, 1].map((one) => one / 6),
      { rtol: 1e-6 },
    );
  });

  it("with padding longest, sees and learns nothing behind the longest response of the batch", () => {
    const { attentionMask, weights, inputIds } = tuning({ padding: "longest", eps: 1 })(batchOf(2), at(0));
    const end = PROMPT + 4;
    for (const row of [0, 1]) {
      expect(attentionMask!.data[row * LENGTH + end - 1]).toBe(1);
      expect([attentionMask!.data[row * LENGTH + end], weights.data[row * LENGTH + end]]).toEqual([0, 0]);
      expect([...inputIds.data.subarray(row * LENGTH + PROMPT, row * LENGTH + end)]).toEqual([MASK, MASK, MASK, MASK]);
    }
  });
});
