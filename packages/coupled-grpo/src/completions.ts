import type { Random } from "@diffucoder/core";
import { type Decoder, type Denoiser, type DenoiseTrace, generate } from "@diffucoder/samplers";

/** Prompts to complete. */
export interface SampleRequest {
  /** Token ids of each prompt. */
  promptIds: readonly (readonly number[])[];
  /** Source of the draws, split by row. */
  random: Random;
  /** Stops the sampling. */
  signal?: AbortSignal | undefined;
}

/** Completions, in the order of their prompts. */
export interface SampledCompletions {
  /** Tokens of each, all of one length, padded after their end: `[B][L]`. */
  completionIds: readonly (readonly number[])[];
  /** The trace of each. @default not recorded */
  traces?: readonly DenoiseTrace[] | undefined;
  /** Tokens that went through the network, padding included. @default not known */
  forwardTokens?: number | undefined;
}

/** Samples a completion for each prompt from the policy as it is when called. */
export type SampleCompletions = (request: SampleRequest) => Promise<SampledCompletions>;

/** What `decoderCompletions` samples with. */
export interface DecoderCompletionsOptions {
  /** The policy, with or without a cache, as decoders see it. */
  denoiser: Denoiser;
  /** Which tokens are committed when, and how they are drawn. */
  decoder: Decoder;
  /** Columns of the prompt; shorter ones are padded on the left. */
  promptLength: number;
  /** Positions of each completion, tokens. */
  maxNewTokens: number;
  /** Id of the padding token. */
  padTokenId: number;
  /** Tokens that end a completion. */
  eosTokenIds: readonly number[];
}

/** Samples completions by a decoder of `@diffucoder/samplers`, all rows together. */
export function decoderCompletions({
  denoiser,
  decoder,
  promptLength,
  maxNewTokens,
  padTokenId,
  eosTokenIds,
}: DecoderCompletionsOptions): SampleCompletions {
  return ({ promptIds, random, signal }) =>
    generate({ denoiser, decoder, promptLength, maxNewTokens, padTokenId, eosTokenIds, promptIds, random, signal });
}
