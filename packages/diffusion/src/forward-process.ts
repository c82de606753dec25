// The forward process of masked diffusion with the linear schedule: q(x_t^i = MASK | x_0) = t, each token on its own.
import { InvalidArgumentError, type Random, ShapeError } from "@diffucoder/core";
import { bool, type NdArray } from "@diffucoder/tensor";
import { checkTokenId } from "./token-ids.ts";

/** What to mask, how much, and the random stream. */
export interface MaskTokensOptions {
  /** Clean token ids, int32 `[B, L]`. */
  tokens: NdArray;
  /** Masking probability of each row, `[B]`, in (0, 1]. */
  timesteps: readonly number[];
  /** The mask token. */
  maskTokenId: number;
  /** `[B, L]`, 1 where a token may be masked: not in the prompt, not in padding. @default everywhere but the first column */
  eligible?: NdArray;
  /** Decides which positions; each row draws from its own stream. */
  random: Random;
}

/** Tokens, some of them masked. */
export interface NoisyTokens {
  /** int32 `[B, L]`. */
  noisy: NdArray;
  /** bool `[B, L]`, 1 where masked. */
  mask: NdArray;
}

/**
 * Masks each eligible token of row `b` with probability `timesteps[b]`.
 *
 * Row `b` draws one number per position from `random.split(b)`: neither its neighbours nor `eligible` changes its other
 * masks. The first token has no predecessor to predict it (see `shiftLogits`), so it is
 * never eligible unless `eligible` says so.
 *
 * @throws {ShapeError} if `eligible` or `timesteps` does not fit `tokens`
 * @throws {InvalidArgumentError} if a timestep is not a probability, or the mask token is not an id
 */
export function maskTokens({ tokens, timesteps, maskTokenId, eligible, random }: MaskTokensOptions): NoisyTokens {
  const [batch, length] = rowsOf("tokens", tokens);
  expectRows("timesteps", timesteps, batch);
  if (eligible !== undefined) expectSameShape("eligible", eligible, tokens);
  checkTokenId("maskTokenId", maskTokenId);
  const noisy = tokens.clone();
  const mask = bool(new Uint8Array(batch * length), [batch, length]);
  for (let row = 0; row < batch; row++) {
    const stream = random.split(row);
    const t = timesteps[row]!;
    for (let column = 0; column < length; column++) {
      const isMasked = stream.uniform() < t;
      const at = row * length + column;
      const isEligible = eligible === undefined ? column > 0 : eligible.data[at] !== 0;
      if (!isMasked || !isEligible) continue;
      noisy.data[at] = maskTokenId;
      mask.data[at] = 1;
    }
  }
  return { noisy, mask };
}

/** Batch and length of an array `[B, L]`. */
export function rowsOf(argument: string, array: NdArray): [number, number] {
  if (array.shape.length !== 2) throw new ShapeError({ argument, shape: array.shape, expected: "[B, L]" });
  return array.shape as [number, number];
}

export function expectSameShape(argument: string, array: NdArray, tokens: NdArray): void {
  if (array.shape.join() !== tokens.shape.join())
    throw new ShapeError({ argument, shape: array.shape, expected: `[${tokens.shape.join(", ")}], as tokens` });
}

/** Checks that there is one probability above 0 for each row. */
export function expectRows(argument: string, timesteps: readonly number[], batch: number): void {
  if (timesteps.length !== batch) throw new ShapeError({ argument, shape: [timesteps.length], expected: `[${batch}], one for each row` });
  timesteps.forEach((t, row) => {
    if (!(t > 0 && t <= 1)) throw new InvalidArgumentError({ argument: `${argument}[${row}]`, value: t, expected: "in (0, 1]" });
  });
}
