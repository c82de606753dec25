import { createRandom, type Random } from "@diffucoder/core";
import type { Denoiser } from "../denoiser.ts";
import { fakeDenoiser } from "../fake-denoiser.fixture.ts";
import { generate } from "../generate.ts";
import type { Decoder } from "./decoder.ts";

/** Proposes the column's number plus ten, the surer the further right. */
export const columnsDenoiser = () => fakeDenoiser((_, column) => ({ token: column + 10, confidence: column / 100 }));

/** Decodes behind a prompt of two tokens, and gives the positions of each step, counted from the start of the completion. */
export async function decodeWith(
  decoder: Decoder,
  {
    denoiser = columnsDenoiser(),
    maxNewTokens = 8,
    random = createRandom(0),
    eosTokenIds,
  }: { denoiser?: Denoiser; maxNewTokens?: number; random?: Random; eosTokenIds?: readonly number[] } = {},
) {
  const result = await generate({ denoiser, decoder, promptIds: [[5, 6]], maxNewTokens, random, padTokenId: 0, eosTokenIds });
  return { ...result, order: result.traces[0]!.steps.map(({ positions }) => positions.map((column) => column - 2)) };
}
