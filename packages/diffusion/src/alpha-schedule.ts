// How many tokens dllm's samplers reveal in each step (ZHZisZZ/dllm, `core/samplers/utils.py`, `core/schedulers/alpha.py`). From
// timestep t = 1 - j/S to s = t - 1/S, of the m that are masked
//   round(m (1 - (1 - a(s)) / (1 - a(t)))),   half to even,   a(t) = 1 - t  (linear)  or  1 - cos(pi/2 (1 - t))  (cosine).
// Steps that reveal nothing are left out. Probabilities are float32, as there: where the product is close to a half, they decide.
import { InvalidArgumentError } from "@diffucoder/core";

/** Share of the tokens that are not masked at a timestep. */
export type AlphaSchedulerName = "linear" | "cosine";

/** A row's masks, and how they are spread. */
export interface AlphaScheduleOptions {
  /** Masks that the row starts with, from 0. */
  maskCount: number;
  /** Denoising steps, from 1. */
  steps: number;
  /** Which noise schedule is run backwards. @default "linear" */
  scheduler?: AlphaSchedulerName;
}

const round = Math.fround;
const alphas: Readonly<Record<AlphaSchedulerName, (t: number) => number>> = {
  linear: (t) => round(1 - t),
  cosine: (t) => round(1 - round(Math.cos(round(round(Math.PI / 2) * round(1 - t))))),
};

/**
 * Tokens that each step reveals; steps that reveal none are left out.
 *
 * @returns one positive count for each step that reveals something, summing to `maskCount`
 * @throws {InvalidArgumentError} if `maskCount` or `steps` is out of range
 * @example
 * alphaSchedule({ maskCount: 6, steps: 4 }); // [2, 1, 2, 1]
 */
export function alphaSchedule({ maskCount, steps, scheduler = "linear" }: AlphaScheduleOptions): number[] {
  if (!Number.isInteger(maskCount) || maskCount < 0)
    throw new InvalidArgumentError({ argument: "maskCount", value: maskCount, expected: "a non-negative integer" });
  if (!Number.isInteger(steps) || steps < 1) throw new InvalidArgumentError({ argument: "steps", value: steps, expected: "a positive integer" });
  const alpha = alphas[scheduler];
  const masked = (timestep: number): number => round(1 - alpha(round(timestep)));
  const counts: number[] = [];
  let left = maskCount;
  for (let step = 0; step < steps && left > 0; step++) {
    const stays = round(masked((steps - step - 1) / steps) / masked((steps - step) / steps));
    const count = Math.min(left, roundHalfEven(left * (1 - stays)));
    if (count > 0) counts.push(count);
    left -= count;
  }
  return counts;
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
