// Decoding of an autoregressive model: x_{n+1} = argmax p(. | x_1 ... x_n), one forward pass a token.
// Differs from Hugging Face's `generate`: no K/V cache. What stands behind the last token is not seen, so the sequence is
// padded to a few lengths and a handful of graphs serves every step.
import { AbortedError, InvalidArgumentError } from "@diffucoder/core";
import { argMax, compile, type Executor, int32, type NdArray, type Tensor } from "@diffucoder/tensor";
import type { TransformerConfig } from "./config.ts";
import { forward } from "./forward.ts";

/** A model, a prompt, and how far to go on. */
export interface GreedyDecodeOptions {
  /** Sizes and constants of the model. */
  config: TransformerConfig;
  /** Its weights. */
  parameters: Readonly<Record<string, NdArray>>;
  /** Tokens to go on from, at least one. */
  promptIds: readonly number[];
  /** Most tokens to write. */
  maxNewTokens: number;
  /** Tokens that end the text; the one that did is part of the result. @default none */
  eosTokenIds?: readonly number[];
  /** Where the network runs. @default ONNX Runtime on the processor */
  executor?: Executor;
  /** Stops between two forward passes. */
  signal?: AbortSignal | undefined;
  /** Called with each token as it is found. */
  onToken?: (id: number) => void;
}

/** Sequences are padded to multiples of this, tokens. */
const lengthUnit = 64;

/**
 * The most likely continuation, token by token, with causal attention.
 *
 * @returns the new tokens, at most `maxNewTokens`
 * @throws {InvalidArgumentError} if the prompt is empty, or longer than the model with the new tokens
 * @throws {AbortedError} when stopped
 */
export async function greedyDecode(options: GreedyDecodeOptions): Promise<number[]> {
  const { config, parameters, promptIds, maxNewTokens, eosTokenIds = [], executor, signal, onToken } = options;
  if (promptIds.length === 0) throw new InvalidArgumentError({ argument: "promptIds", value: promptIds, expected: "at least one token" });
  const bad = promptIds.find((id) => !Number.isInteger(id) || id < 0 || id >= config.vocabSize);
  if (bad !== undefined) throw new InvalidArgumentError({ argument: "promptIds", value: bad, expected: `ids below ${config.vocabSize}` });
  if (promptIds.length + maxNewTokens > config.maxPositionEmbeddings)
    throw new InvalidArgumentError({
      argument: "maxNewTokens",
      value: maxNewTokens,
      expected: `at most ${config.maxPositionEmbeddings - promptIds.length}, for ${config.maxPositionEmbeddings} positions in all`,
    });

  const next = compile(
    (weights: Readonly<Record<string, Tensor>>, inputIds: Tensor, last: Tensor) => ({
      id: argMax(forward(config, weights, { inputIds, attention: "causal", logitPositions: last })),
    }),
    { name: "next-token", ...(executor && { executor }) },
  );
  const ids = [...promptIds];
  try {
    while (ids.length < promptIds.length + maxNewTokens) {
      if (signal?.aborted === true) throw new AbortedError("Generation");
      const padded = new Int32Array(Math.ceil(ids.length / lengthUnit) * lengthUnit);
      padded.set(ids);
      const { id } = await next(parameters, int32(padded, [1, padded.length]), int32([ids.length - 1]));
      ids.push(id.item());
      onToken?.(id.item());
      if (eosTokenIds.includes(id.item())) break;
    }
  } finally {
    next.dispose();
  }
  return ids.slice(promptIds.length);
}
