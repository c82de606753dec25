import { describe, expect, it } from "vitest";
import { layOutPrompt } from "./prompt-layout.ts";

describe("layOutPrompt", () => {
  it("pads on the left and masks the completion", () => {
    const { inputIds, attentionMask } = layOutPrompt({ promptIds: [11, 12], promptLength: 4, maxNewTokens: 3, padId: 0, maskId: 9 });
    expect(inputIds.shape).toEqual([1, 7]);
    expect([...inputIds.data]).toEqual([0, 0, 11, 12, 9, 9, 9]);
    expect([...attentionMask.data]).toEqual([0, 0, 1, 1, 1, 1, 1]);
  });

  it("refuses a prompt that does not fit and says the limit", () => {
    expect(() => layOutPrompt({ promptIds: [1, 2, 3], promptLength: 2, maxNewTokens: 3, padId: 0, maskId: 9 })).toThrow(
      "prompt must be at most 2 tokens in the chat template, got 3. Shorten it; the model has seen no longer ones.",
    );
  });
});
