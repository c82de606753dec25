import { InvalidArgumentError } from "@diffucoder/core";
import { int32, type NdArray } from "@diffucoder/tensor";

/** A sequence ready to be denoised, one row. */
export interface PromptLayout {
  /** int32 `[1, promptLength + maxNewTokens]`: padding, prompt, masks. */
  inputIds: NdArray;
  /** int32, same shape: 0 for padding, else 1. */
  attentionMask: NdArray;
}

/**
 * Puts a prompt on the model's canvas: padded on the left to a fixed length, so that every prompt runs through one
 * compiled graph and the completion always begins at the same position, as in training.
 *
 * @throws {InvalidArgumentError} if the prompt is longer than `promptLength`
 */
export function layOutPrompt({
  promptIds,
  promptLength,
  maxNewTokens,
  padId,
  maskId,
}: {
  promptIds: readonly number[];
  promptLength: number;
  maxNewTokens: number;
  padId: number;
  maskId: number;
}): PromptLayout {
  if (promptIds.length > promptLength) {
    throw new InvalidArgumentError({
      argument: "prompt",
      value: promptIds.length,
      expected: `at most ${promptLength} tokens in the chat template`,
      wayOut: "Shorten it; the model has seen no longer ones.",
    });
  }
  const padding = promptLength - promptIds.length;
  const length = promptLength + maxNewTokens;
  const inputIds = new Int32Array(length).fill(maskId, promptLength).fill(padId, 0, padding);
  inputIds.set(promptIds, padding);
  const attentionMask = new Int32Array(length).fill(1, padding);
  return { inputIds: int32(inputIds, [1, length]), attentionMask: int32(attentionMask, [1, length]) };
}
