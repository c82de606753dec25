// What a denoiser answered, checked before anything is made of it: anyone may write one.
import { InvalidArgumentError, NumericalError } from "@diffucoder/core";
import type { Denoiser, Proposals } from "./denoiser.ts";

const CONTRACT =
  "A Denoiser's propose resolves to { tokens, confidence, entropy }: in each a number for every one of request.positions, in this order; " +
  "tokens are ids of the vocabulary, and the mask's only with mayProposeMask: true.";

/**
 * The proposals for M positions, as typed arrays.
 *
 * @param columnOf where position i of the request is, for the error
 * @throws {InvalidArgumentError} if there is not one for each position, or a token is no id, or the mask's
 *   and the denoiser does not say that it may be
 * @throws {NumericalError} if a confidence or an entropy is not a number
 */
export function checkedProposals(
  answer: Proposals,
  {
    denoiser: { maskTokenId, vocabSize = 2 ** 31, mayProposeMask = false },
    count,
    columnOf,
  }: { denoiser: Denoiser; count: number; columnOf: (i: number) => string },
): Proposals {
  const refuse = (what: string, value: unknown, expected: string): never => {
    throw new InvalidArgumentError({ argument: `the denoiser's ${what}`, value, expected, wayOut: CONTRACT });
  };
  if (typeof answer !== "object" || answer === null) refuse("answer", answer, "an object");
  for (const key of ["tokens", "confidence", "entropy"] as const) {
    const values: unknown = answer[key];
    if (!Array.isArray(values) && !ArrayBuffer.isView(values)) refuse(key, values, `${count} numbers, one for each position`);
    const { length } = values as ArrayLike<unknown>;
    if (length !== count) refuse(key, `${length} of them`, `${count} numbers, one for each position`);
  }
  for (let i = 0; i < count; i++) {
    const token: unknown = answer.tokens[i];
    const isMask = token === maskTokenId;
    if (!Number.isInteger(token) || (token as number) < 0 || (token as number) >= vocabSize || (isMask && !mayProposeMask))
      refuse("token", `${String(token)} at ${columnOf(i)}`, isMask ? "another than the mask" : `an integer from 0 to ${vocabSize - 1}`);
    if (isNumber(answer.confidence[i]) && isNumber(answer.entropy[i])) continue;
    throw new NumericalError(`logits must be numbers, got "NaN at ${columnOf(i)}". The model's parameters are damaged, or its activations overflow.`);
  }
  return {
    ...answer,
    tokens: Int32Array.from(answer.tokens),
    confidence: Float32Array.from(answer.confidence),
    entropy: Float32Array.from(answer.entropy),
  };
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && !Number.isNaN(value);
}
