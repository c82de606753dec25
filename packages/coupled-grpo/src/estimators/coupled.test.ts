import { ShapeError } from "@diffucoder/core";
import { compile, float32, int32, type Tensor } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { coupledLogProbs } from "./coupled.ts";
import { logProbAfter, MASK, toyLogits, toyParameters } from "../toy-logits.fixture.ts";

const parameters = toyParameters();
const estimate = compile((weights: Record<string, Tensor>, batch: { promptIds: Tensor; completionIds: Tensor; mask: Tensor; ratio: Tensor }) => ({
  logProbs: coupledLogProbs({ logits: toyLogits, maskTokenId: MASK }, weights, batch),
}));

describe("coupledLogProbs", () => {
  it("weighs the pass in which a token is masked, worked by hand", async () => {
    // Prompt 0 1, completion 2 3; the first token is masked in the second pass (ratio 0.25), the other one in the third.
    const { logProbs } = await estimate(parameters, {
      promptIds: int32([0, 1], [1, 2]),
      completionIds: int32([2, 3], [1, 2]),
      mask: int32([1, 0], [1, 2]),
      ratio: float32([0.25]),
    });
    const after = (word: number, next: number): number => logProbAfter(parameters, word, next);
    // A token is predicted at the position before it. Pass one sees 0 1 M M, pass two 0 1 M 3, pass three 0 1 2 M.
    const first = (after(1, 2) + after(1, 2) / 0.25) / 2;
    const second = (after(MASK, 3) + after(2, 3) / 0.75) / 2;
    expect([...logProbs.data]).toBeAllclose([first, second], { atol: 1e-5 });
  });

  it("scores each row by itself", async () => {
    const rows = {
      promptIds: [
        [0, 1],
        [2, 2],
        [3, 0],
      ],
      completionIds: [
        [2, 3],
        [0, 0],
        [1, 3],
      ],
      mask: [
        [1, 0],
        [1, 1],
        [0, 0],
      ],
      ratio: [0.25, 0.5, 0.7],
    };
    const pick = (indices: number[]) => {
      const of = (name: "promptIds" | "completionIds" | "mask") =>
        int32(
          indices.flatMap((i) => rows[name][i]!),
          [indices.length, 2],
        );
      return { promptIds: of("promptIds"), completionIds: of("completionIds"), mask: of("mask"), ratio: float32(indices.map((i) => rows.ratio[i]!)) };
    };
    const all = [...(await estimate(parameters, pick([0, 1, 2]))).logProbs.data];
    for (const row of [0, 1, 2]) {
      expect([...(await estimate(parameters, pick([row]))).logProbs.data]).toBeAllclose(all.slice(2 * row, 2 * row + 2), { atol: 1e-6 });
    }
  });

  it("reads the logits at a token's own position if they are not shifted, worked by hand", async () => {
    const unshifted = compile(
      (weights: Record<string, Tensor>, batch: { promptIds: Tensor; completionIds: Tensor; mask: Tensor; ratio: Tensor }) => ({
        logProbs: coupledLogProbs({ logits: toyLogits, shift: false, maskTokenId: MASK }, weights, batch),
      }),
    );
    const { logProbs } = await unshifted(parameters, {
      promptIds: int32([0, 1], [1, 2]),
      completionIds: int32([2, 3], [1, 2]),
      mask: int32([1, 0], [1, 2]),
      ratio: float32([0.25]),
    });
    // The network reads the mask itself wherever a token is predicted.
    const at = (next: number): number => logProbAfter(parameters, MASK, next);
    expect([...logProbs.data]).toBeAllclose([(at(2) + at(2) / 0.25) / 2, (at(3) + at(3) / 0.75) / 2], { atol: 1e-5 });
  });

  it("refuses shapes that do not belong together", async () => {
    const batch = { promptIds: int32([0, 1], [1, 2]), completionIds: int32([2, 3], [1, 2]), mask: int32([1], [1, 1]), ratio: float32([0.25]) };
    await expect(estimate(parameters, batch)).rejects.toThrow(ShapeError);
  });
});
