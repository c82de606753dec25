// Coupled masks (DiffuCoder, App. A.3, Eq. 12):  M or M' = 1,  M and M' = 0.   B rollouts, L completion tokens; 1 = masked.
// Differs: 1. the prompt is never masked, as in Apple's coupled_grpo.py; 2. each row draws its own ratio from [0.2, 0.8],
// where Apple draws one for the whole batch: the rows' errors are then independent and average out; `sharedRatio` draws one again.
import { createRandom, InvalidArgumentError } from "@diffucoder/core";

/** Which tokens of B completions each of the two passes masks. */
export interface CoupledMasks {
  /** `[B * L]`, 1 where the first pass masks the token; the second pass masks the others. */
  mask: Uint8Array;
  /** `[B]`, expected share of masked tokens in the first pass. */
  ratio: Float32Array;
}

/**
 * Masks for each rollout from its own seed: every model that scores the rollout with the same seed, be it the current, the old or
 * the reference policy, sees it through the same masks.
 *
 * @param seeds one for each row
 * @throws {InvalidArgumentError} if the range is not within (0, 1)
 */
export function coupledMasks({
  seeds,
  length,
  ratioRange = [0.2, 0.8],
  sharedRatio = false,
}: {
  /** One for each row. */
  seeds: readonly number[];
  /** Tokens of a completion, L. */
  length: number;
  /** From which the share of masked tokens is drawn. @default [0.2, 0.8] */
  ratioRange?: readonly [number, number];
  /** Whether all rows have the first one's ratio, as in Apple's code. @default false */
  sharedRatio?: boolean;
}): CoupledMasks {
  const [low, high] = ratioRange;
  if (!(low > 0 && low <= high && high < 1))
    throw new InvalidArgumentError({ argument: "ratioRange", value: ratioRange, expected: "two numbers in (0, 1), the lower first" });
  const mask = new Uint8Array(seeds.length * length);
  const ratio = new Float32Array(seeds.length);
  seeds.forEach((seed, row) => {
    const random = createRandom(seed).split("coupled-mask");
    const own = low + (high - low) * random.uniform();
    const r = sharedRatio && row > 0 ? ratio[0]! : own;
    ratio[row] = r;
    for (let i = 0; i < length; i++) mask[row * length + i] = random.uniform() < r ? 1 : 0;
  });
  return { mask, ratio };
}
