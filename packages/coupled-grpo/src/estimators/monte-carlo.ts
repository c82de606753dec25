// The plain Monte Carlo estimate of the evidence lower bound, by token (LLaDA, arXiv 2502.09992, `get_log_likelihood.py`):
//   logp_j = (1/n) sum_i [j in M_i] lp_ij L / m_i,    m_i tokens masked, m_1 ~ U{1..L}, the others spread evenly from there
// Summed over the tokens it is an unbiased estimate of the bound. Differs: LLaDA sums in place; here each token keeps its own term.
import { createRandom } from "@diffucoder/core";
import { z } from "zod";
import type { Estimator } from "./estimator.ts";
import { drawnPasses, passesLogProbs, type RowPasses, uniformMask } from "./masked-passes.ts";

/** Settings of `monteCarlo`. */
export interface MonteCarloOptions {
  /** Masks drawn for each completion, n. @default 2 */
  numMc: number;
}

/** `MonteCarloOptions` as settings. */
export const MonteCarloOptionsSchema = z.strictObject({
  numMc: z.int().positive().max(1024).default(2).describe("masks drawn for each completion"),
}) satisfies z.ZodType<MonteCarloOptions>;

/** Independent masks of evenly spread sizes. */
export function monteCarlo({ numMc }: MonteCarloOptions = { numMc: 2 }): Estimator {
  return {
    draw: (rollouts, iteration) =>
      drawnPasses(rollouts.map(({ maskSeeds, completionIds }) => masks(maskSeeds[iteration]!, completionIds.length, numMc))),
    logProbs: passesLogProbs,
  };
}

function masks(seed: number, length: number, numMc: number): RowPasses {
  const random = createRandom(seed).split("monte-carlo-mask");
  const first = random.integer(0, length);
  const drawn = Array.from({ length: numMc }, (_, i) => {
    const masked = 1 + ((first + Math.floor((i * length) / numMc)) % length);
    return { masked, mask: uniformMask(masked, { length, random }) };
  });
  return {
    masks: drawn.map(({ mask }) => mask),
    readings: drawn.map(({ mask, masked }, i) => ({
      pass: new Int32Array(length).fill(i),
      weight: Float32Array.from(mask, (isMasked) => (isMasked * length) / (masked * numMc)),
    })),
  };
}
