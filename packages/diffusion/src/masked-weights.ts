// How much each masked token counts in the losses of published trainers, dllm's (`core/trainers/mdlm.py`, `bd3lm.py`) and CoDA's:
//   w_bi = 1[i masked] a(t_b) / n_b,   a(t) = 1 / (t + e)  or  1,
// where n is the number of tokens that can be masked in the batch (token), in the row times the rows (sequence), the rows (batch), or
// all positions of the batch (position). dllm's defaults are 1 / (t + 1e-6) and token, CoDA's 1 / t and position.
import { expectRows, expectSameShape, rowsOf } from "./forward-process.ts";
import { float32, type NdArray } from "@diffucoder/tensor";

/** A masked batch, and how its tokens count. */
export interface MaskedWeightsOptions {
  /** `[B, L]`, 1 where a token is masked. */
  mask: NdArray;
  /** `[B]`, those that the mask was drawn with, in (0, 1]. */
  timesteps: readonly number[];
  /** `[B, L]`, 1 for the tokens that could have been masked. */
  eligible: NdArray;
  /** Whether a token of a row with timestep t counts 1 / (t + epsilon), or 1. @default "timestep" */
  weighting?: "timestep" | "uniform";
  /** Added to the timestep. @default 0 */
  epsilon?: number;
  /** By what the sum is divided: eligible tokens of the batch, of each row and then the rows, the rows, or all positions. @default "token" */
  per?: "token" | "sequence" | "batch" | "position";
}

/**
 * Weights of the loss of masked tokens; 0 for all others.
 *
 * @returns float32 `[B, L]`
 * @throws {ShapeError} if the inputs do not fit @throws {InvalidArgumentError} if a timestep is not in (0, 1]
 */
export function maskedWeights({ mask, timesteps, eligible, weighting = "timestep", epsilon = 0, per = "token" }: MaskedWeightsOptions): NdArray {
  const [batch, length] = rowsOf("mask", mask);
  expectRows("timesteps", timesteps, batch);
  expectSameShape("eligible", eligible, mask);
  const counts = Array.from(
    { length: batch },
    (_, row) => Array.from(eligible.data.subarray(row * length, (row + 1) * length)).filter(Boolean).length,
  );
  const total = counts.reduce((a, b) => a + b, 0);
  const divisor = { token: () => total, sequence: (row: number) => counts[row]! * batch, batch: () => batch, position: () => batch * length }[per];
  const weights = Array.from(mask.data, (masked, i) => {
    const row = Math.floor(i / length);
    return masked === 0 ? 0 : (weighting === "uniform" ? 1 : 1 / (timesteps[row]! + epsilon)) / divisor(row);
  });
  return float32(weights, mask.shape);
}
