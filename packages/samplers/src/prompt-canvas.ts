import { InvalidArgumentError } from "@diffucoder/core";
import { checkTokenIds } from "@diffucoder/diffusion";
import type { Canvas } from "./canvas.ts";
import type { Denoiser } from "./denoiser.ts";
import { MOST } from "./limits.ts";

/** A prompt, and room for its completion. */
export interface PromptCanvasOptions {
  /** Token ids of the prompt; mask tokens among them are holes to fill. */
  promptIds: readonly number[];
  /** Masked positions of the completion, from 1 to 131,072. */
  maxNewTokens: number;
  /** Columns of the prompt, padded on the left. @default as many as it has tokens */
  promptLength?: number | undefined;
  /** The model, whose mask token fills the completion. */
  denoiser: Pick<Denoiser, "maskTokenId" | "vocabSize">;
  /** Id of the token that stands on padding. */
  padTokenId: number;
  /** What the prompt is called in errors. @default "promptIds" */
  name?: string | undefined;
}

/**
 * A row to complete: `[left padding][prompt][masks]`.
 *
 * @throws {InvalidArgumentError} if the prompt is empty, longer than `promptLength` or not of the vocabulary
 */
export function promptCanvas(options: PromptCanvasOptions): Canvas {
  const { promptIds, maxNewTokens, denoiser, padTokenId, name = "promptIds" } = options;
  checkTokenIds(name, promptIds, denoiser.vocabSize);
  const promptLength = options.promptLength ?? Math.max(1, promptIds.length);
  for (const [argument, value] of Object.entries({ maxNewTokens, promptLength }))
    if (!Number.isInteger(value) || value < 1 || value > MOST)
      throw new InvalidArgumentError({ argument, value, expected: `an integer from 1 to ${MOST}` });
  if (promptIds.length === 0 || promptIds.length > promptLength)
    throw new InvalidArgumentError({ argument: name, value: `${promptIds.length} tokens`, expected: `from 1 to ${promptLength} tokens long` });
  const start = promptLength - promptIds.length;
  const ids = new Int32Array(promptLength + maxNewTokens).fill(denoiser.maskTokenId);
  ids.fill(padTokenId, 0, start).set(promptIds, start);
  return { ids, start, completionStart: promptLength, filled: new Set() };
}
