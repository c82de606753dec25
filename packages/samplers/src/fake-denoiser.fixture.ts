import type { Denoiser, DenoiseRequest } from "./denoiser.ts";

export const MASK = 99;

/**
 * What a fake denoiser proposes for a column of a row, given the row's tokens, a number drawn for the column, and the
 * classes of tokens that are allowed there; the larger `confidence`, the surer.
 */
export type Propose = (
  row: readonly number[],
  column: number,
  uniform: number,
  allowed: Uint8Array | undefined,
) => { token: number; confidence: number };

/** A denoiser without a network that keeps every request it got. */
export function fakeDenoiser(propose: Propose): Denoiser & { requests: DenoiseRequest[] } {
  const requests: DenoiseRequest[] = [];
  return {
    requests,
    maskTokenId: MASK,
    propose: async (request) => {
      requests.push(request);
      const { inputIds, length, positions, uniforms, allowed } = request;
      const proposals = [...positions].map((position, i) => {
        const start = position - (position % length);
        const classes = allowed?.allowed.subarray(i * allowed.classCount, (i + 1) * allowed.classCount);
        return propose(Array.from(inputIds.subarray(start, start + length)), position % length, uniforms?.[i] ?? 0, classes);
      });
      return {
        tokens: Int32Array.from(proposals, ({ token }) => token),
        confidence: Float32Array.from(proposals, ({ confidence }) => confidence),
        entropy: Float32Array.from(proposals, ({ confidence }) => -confidence),
      };
    },
  };
}
