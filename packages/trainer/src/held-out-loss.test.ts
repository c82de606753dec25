import { createRandom } from "@diffucoder/core";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { add, float32, int32, linear, reshape, take, zerosArray } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import type { TrainingBatch } from "./batches.ts";
import { heldOutLoss, type HeldOutLossOptions } from "./held-out-loss.ts";
import { diffusion } from "./objectives/diffusion.ts";

// A network whose logits are its bias, whatever it sees: tokens 0 to 3 with log-probabilities log(1/2), log(1/4), log(1/8) and log(1/8).
const logits: LogitsFunction = (parameters, { inputIds, logitPositions }) =>
  add(linear(take(parameters.words!, take(reshape(inputIds, [-1]), logitPositions!)), parameters.output!), parameters.bias!);
const parameters = { words: zerosArray([4, 2]), output: zerosArray([4, 2]), bias: float32([4, 2, 1, 1].map(Math.log), [4]) };

const batch = (...rows: number[][]): TrainingBatch => ({
  inputIds: Int32Array.from(rows.flat()),
  attentionMask: new Int32Array(rows.flat().length).fill(1),
  completionMask: new Int32Array(rows.flat().length).fill(1),
  batchSize: rows.length,
  sequenceLength: rows[0]!.length,
  promptLength: 0,
});
const options = (batches: TrainingBatch[]): HeldOutLossOptions => ({
  // Each token but a row's first counts the same; token 2 does not count.
  objective: ({ inputIds, batchSize, sequenceLength }) => ({
    inputIds: int32(inputIds, [batchSize, sequenceLength]),
    weights: float32(
      Array.from(inputIds, (id) => (id === 2 ? 0 : 1 / (batchSize * (sequenceLength - 1)))),
      [batchSize, sequenceLength],
    ),
    attention: "full",
  }),
  stageStep: 0,
  batches,
  logits,
  random: createRandom(3),
});

describe("heldOutLoss", () => {
  it("is the objective's loss over all rows, beside the share of predicted tokens that are the most probable ones", async () => {
    // Rows: log 2 + log 4 of 3 tokens; log 2 of 3; log 8 of 3. Predicted: 0, 1 | 0 | 3; of these four the two 0s are right.
    const heldOut = heldOutLoss(options([batch([3, 0, 1, 2], [3, 0, 2, 2]), batch([3, 2, 2, 3])]));
    const { evalLoss, evalAccuracy } = await heldOut.evaluate(parameters);
    expect(evalLoss).toBeCloseTo(((3 + 1 + 3) * Math.log(2)) / 9, 5);
    expect(evalAccuracy).toBe(0.5);
    heldOut.dispose();
  });

  it("draws the same masks each time, others in each batch", async () => {
    const seen: number[][] = [];
    const masked = diffusion({ maskTokenId: 3, eps: 1e-3 });
    const rows = batch([0, 1, 0, 1, 0, 1, 0, 1], [0, 1, 0, 1, 0, 1, 0, 1]);
    const heldOut = heldOutLoss({
      ...options([rows, rows]),
      objective: (one, at) => {
        const inputs = masked(one, at);
        seen.push([...inputs.inputIds.data]);
        return inputs;
      },
    });
    const first = await heldOut.evaluate(parameters);
    expect(await heldOut.evaluate(parameters)).toEqual(first);
    expect(seen).toHaveLength(2);
    expect(seen[0]).not.toEqual(seen[1]);
    heldOut.dispose();
  });

  it("refuses no batch, and ids that are none", () => {
    expect(() => heldOutLoss(options([]))).toThrow('evalBatches must be at least one batch, got "none".');
    const bad = { ...options([batch([0, 1]), batch([0, 4])]), vocabSize: 4 };
    expect(() => heldOutLoss(bad)).toThrow("evalBatches[1].inputIds[1] must be a token id, an integer from 0 to 3, got 4.");
  });
});
