// What a denoiser answered, checked before anything is made of it: anyone may write one.
import { InvalidArgumentError, NumericalError } from "@diffucoder/core";
import type { Candidates } from "./decoders/decoder.ts";
import type { Denoiser, Proposals } from "./denoiser.ts";

const CONTRACT =
  "A Denoiser's propose resolves to { tokens, confidence, entropy }: in each a number for every one of request.positions, in this order; " +
  "tokens are ids of the vocabulary, and the mask's only with mayProposeMask: true.";

function refuse(what: string, value: unknown, expected: string): never {
  throw new InvalidArgumentError({ argument: `the denoiser's ${what}`, value, expected, wayOut: CONTRACT });
}

/**
 * Checks that an answer has something for each of `count` positions.
 *
 * @throws {InvalidArgumentError} if it has not: then it is of no use to any row
 */
export function checkProposals(answer: Proposals, count: number): void {
  if (typeof answer !== "object" || answer === null) refuse("answer", answer, "an object");
  for (const key of ["tokens", "confidence", "entropy"] as const) {
    const values: unknown = answer[key];
    if (!Array.isArray(values) && !ArrayBuffer.isView(values)) refuse(key, values, `${count} numbers, one for each position`);
    const { length } = values as ArrayLike<unknown>;
    if (length !== count) refuse(key, `${length} of them`, `${count} numbers, one for each position`);
  }
}

/**
 * The part of an answer that one row gets, as typed arrays.
 *
 * @throws {InvalidArgumentError} if a token is no id, or the mask's and the denoiser does not say that it may be
 * @throws {NumericalError} if a confidence or an entropy is not a number
 */
export function rowCandidates(
  answer: Proposals,
  { start, columns, row, denoiser }: { start: number; columns: readonly number[]; row: number; denoiser: Denoiser },
): Candidates {
  const { maskTokenId, vocabSize = 2 ** 31, mayProposeMask = false } = denoiser;
  columns.forEach((column, i) => {
    const where = `column ${column} of row ${row}`;
    const token: unknown = answer.tokens[start + i];
    const isMask = token === maskTokenId;
    if (!Number.isInteger(token) || (token as number) < 0 || (token as number) >= vocabSize || (isMask && !mayProposeMask))
      refuse("token", `${String(token)} at ${where}`, isMask ? "another than the mask" : `an integer from 0 to ${vocabSize - 1}`);
    if (isNumber(answer.confidence[start + i]) && isNumber(answer.entropy[start + i])) return;
    throw new NumericalError(`logits must be numbers, got "NaN at ${where}". The model's parameters are damaged, or its activations overflow.`);
  });
  const end = start + columns.length;
  return {
    columns,
    tokens: Int32Array.from(answer.tokens.slice(start, end)),
    confidence: Float32Array.from(answer.confidence.slice(start, end)),
    entropy: Float32Array.from(answer.entropy.slice(start, end)),
  };
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && !Number.isNaN(value);
}
