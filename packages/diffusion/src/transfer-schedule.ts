import { InvalidArgumentError } from "@diffucoder/core";

/**
 * How many tokens a denoising step commits.
 * - `"dream"`: from timestep `t` to `s`, `floor(m (1 - s/t))` of the `m` that are still masked. With as many steps as
 *   masks, the first step commits none and the last one two.
 * - `"even"`: the masks split evenly over the steps, the first ones taking the remainder, as in LLaDA.
 */
export type TransferScheduleName = "dream" | "even";

/** One step of a schedule. */
export interface TransferCountOptions {
  /** Tokens of the row that are still masked. */
  masked: number;
  /** This step, from 0. */
  step: number;
  /** Steps in all. */
  steps: number;
  /** How the masks are spread over the steps. @default "dream" */
  schedule?: TransferScheduleName;
  /** Last timestep of the Dream schedule. @default 1e-3 */
  eps?: number;
}

/**
 * Tokens that one step commits in one row; the last step commits all that are left.
 *
 * Same rule as Dream, `generation_utils.py`, `_sample`, but for each row: Dream takes the mean over the batch.
 *
 * @throws {InvalidArgumentError} if a number is out of range
 */
export function transferCount({ masked, step, steps, schedule = "dream", eps = 1e-3 }: TransferCountOptions): number {
  if (!Number.isInteger(masked) || masked < 0)
    throw new InvalidArgumentError({ argument: "masked", value: masked, expected: "a non-negative integer" });
  if (!Number.isInteger(steps) || steps < 1) throw new InvalidArgumentError({ argument: "steps", value: steps, expected: "a positive integer" });
  if (!Number.isInteger(step) || step < 0 || step >= steps)
    throw new InvalidArgumentError({ argument: "step", value: step, expected: `an integer from 0 to ${steps - 1}` });
  if (step === steps - 1) return masked;
  if (schedule === "even") return Math.ceil(masked / (steps - step));
  const [t, s] = [timestep(step, steps, eps), timestep(step + 1, steps, eps)];
  return Math.floor(Math.fround(masked * Math.fround(1 - Math.fround(s / t))));
}

/**
 * Number of tokens that each denoising step moves from masked to committed, for a row that starts with `maskCount`
 * masks.
 *
 * @returns one count for each step, `[steps]`, summing to `maskCount`
 * @throws {InvalidArgumentError} if `maskCount` or `steps` is out of range
 * @example
 * transferSchedule({ maskCount: 8, steps: 4 }); // [1, 2, 2, 3]
 */
export function transferSchedule({
  maskCount,
  steps,
  schedule = "dream",
  eps = 1e-3,
}: {
  /** Masks that the row starts with, from 0. */
  maskCount: number;
  /** Denoising steps, from 1. */
  steps: number;
  /** How the masks are spread over the steps. @default "dream" */
  schedule?: TransferScheduleName;
  /** Last timestep of Dream's schedule; `even` does not read it. @default 1e-3 */
  eps?: number;
}): number[] {
  const first = transferCount({ masked: maskCount, step: 0, steps, schedule, eps });
  const counts = [first];
  for (let step = 1, masked = maskCount - first; step < steps; step++) {
    const count = transferCount({ masked, step, steps, schedule, eps });
    counts.push(count);
    masked -= count;
  }
  return counts;
}

/** Element `i` of `torch.linspace(1, eps, steps + 1)`, in float32 and from both ends towards the middle, as torch computes it. */
export function timestep(i: number, steps: number, eps = 1e-3): number {
  const end = Math.fround(eps);
  const width = Math.fround(Math.fround(end - 1) / steps);
  return i < (steps + 1) / 2 ? Math.fround(1 + Math.fround(width * i)) : Math.fround(end - Math.fround(width * (steps - i)));
}
