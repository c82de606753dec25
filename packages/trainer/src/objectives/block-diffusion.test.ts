import { createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { blockDiffusion } from "./block-diffusion.ts";
import { diffusion } from "./diffusion.ts";

const batch = {
  inputIds: Int32Array.from([5, 6, 1, 2, 3, 4, 7, 8, 1, 2, 3, 0]),
  attentionMask: new Int32Array(12).fill(1),
  completionMask: Int32Array.from([0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1]),
  batchSize: 2,
  sequenceLength: 6,
  promptLength: 2,
};
const at = () => ({ stageStep: 0, random: createRandom(3) });

describe("blockDiffusion", () => {
  const options = { maskTokenId: 9, eps: 0.5 };
  const { inputIds, positionIds, weights, attention } = blockDiffusion({ ...options, blockLength: 2 })(batch, at());
  const plain = diffusion(options)(batch, at());

  it("masks and weighs as the objective without blocks, with the clean rows behind", () => {
    expect([...weights.data]).toEqual([...plain.weights.data]);
    const halves = [0, 1].map((row) => [...inputIds.data.subarray(row * 12, row * 12 + 12)]);
    expect(halves.map((row) => row.slice(0, 6)).flat()).toEqual([...plain.inputIds.data]);
    expect(halves.map((row) => row.slice(6)).flat()).toEqual([...batch.inputIds]);
    expect([...positionIds!.data.subarray(0, 12)]).toEqual([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
  });

  it("reads a block's first token from the last clean one before it where logits are shifted", () => {
    const columnsOf = (shift: boolean) => blockDiffusion({ ...options, blockLength: 2, shift })(batch, at()).logitColumns;
    expect([...columnsOf(true)!]).toEqual([0, 0, 7, 2, 9, 4]);
    expect(columnsOf(false)).toBeUndefined();
  });

  it("shows a noised token its own block and the clean ones before it", () => {
    const seen = (query: number): string =>
      typeof attention === "string" ? attention : attention.data.subarray(query * 12, query * 12 + 12).join("");
    expect([seen(2), seen(5), seen(8)]).toEqual(["001100110000", "000011111100", "000000111100"]);
  });
});
