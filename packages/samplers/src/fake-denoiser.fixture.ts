import type { Denoiser, DenoiseRequest } from "./denoiser.ts";

export const MASK = 99;

/**
 * What a fake denoiser proposes for a column of a row, given the row's tokens without padding behind it, a number drawn for the column, and the
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
      const asked = new Map<number, number>();
      const proposals = [...positions].map((position, i) => {
        const row = Math.floor(position / length);
        const start = row * length;
        const nth = asked.get(row) ?? 0;
        asked.set(row, nth + 1);
        const constraint = allowed?.[row];
        const classes = constraint?.allowed.subarray(nth * constraint.classCount, (nth + 1) * constraint.classCount);
        const end = request.attentionMask?.subarray(start, start + length).lastIndexOf(1) ?? length - 1;
        return propose([...inputIds.subarray(start, start + end + 1)], position - start, uniforms?.[i] ?? 0, classes);
      });
      return {
        tokens: Int32Array.from(proposals, ({ token }) => token),
        confidence: Float32Array.from(proposals, ({ confidence }) => confidence),
        entropy: Float32Array.from(proposals, ({ confidence }) => -confidence),
      };
    },
  };
}
