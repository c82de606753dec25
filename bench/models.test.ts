import { describe, expect, it } from "vitest";
import { forwardFlops, makeBatch, makeModel, modelNames, parameterCount } from "./models.ts";

describe("the models", () => {
  it("have the sizes of their names", () => {
    expect(modelNames.map((name) => Math.round(parameterCount(makeModel(name)) / 1e4))).toEqual([1732, 167]);
  });

  it("take two operations for each weight of a matrix and token, and those of attention", () => {
    const model = makeModel("1.7M");
    const matrices = Object.entries(model.parameters).filter(([name, { shape }]) => shape.length === 2 && name !== "model.embed_tokens.weight");
    const weights = matrices.reduce((sum, [, { size }]) => sum + size, 0);
    const attention = 4 * (2 * 64 * 64 * 128) * 2; // 4 layers, q k^T and attention times v, over 128 columns
    expect(forwardFlops(model, 3, 64)).toBe(3 * (2 * 64 * weights + attention));
  });

  it("are trained on batches with weights where tokens are masked, the same each time", () => {
    const model = makeModel("1.7M");
    const { inputIds, targets, weights } = makeBatch(model);
    inputIds.forEach((id, i) => {
      expect(weights[i]! > 0).toBe(id === model.config.maskTokenId);
      if (id !== model.config.maskTokenId) expect(id).toBe(targets[i]);
    });
    expect(makeBatch(model)).toEqual({ inputIds, targets, weights });
  });
});
