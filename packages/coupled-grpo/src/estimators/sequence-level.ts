// ESPO (arXiv 2512.03759, `espo_trainer.py`): the completion is one action, its value an evidence lower bound per token.
//   x masked tokens,  x_1 ~ U{0..L},  the others spread evenly from there;  p = x / (L + 1)
//   elbo = 1/(2 n) sum_i sum_j ( [j in M_i] lp_ij / p_i + [j not in M_i] lp'_ij / (L / (L + 1) - p_i) ),   lp' with the complement masked
//   value = elbo / L,   ratio = exp(value - old)
// Differs: 1. ESPO spreads x over the rows of a batch, we over the n pairs of a row, so that a row's estimate does not depend on its
// neighbours; 2. the sum runs over the tokens through the first end token, and L in `value` counts those alone; ESPO includes the padding;
// 3. the KL term is of `value`, where ESPO's is of `elbo`, divided by L once.
import { createRandom } from "@diffucoder/core";
import { cast, div, mul, sum } from "@diffucoder/tensor";
import { z } from "zod";
import type { Estimator } from "./estimator.ts";
import { drawnPasses, passesLogProbs, type RowPasses, uniformMask } from "./masked-passes.ts";

/** Settings of `sequenceLevel`. */
export interface SequenceLevelOptions {
  /** Complementary pairs of masks for each completion, n. @default 2 */
  numMc: number;
}

/** `SequenceLevelOptions` as settings. */
export const SequenceLevelOptionsSchema = z.strictObject({
  numMc: z.int().positive().max(1024).default(2).describe("complementary pairs of masks for each completion"),
}) satisfies z.ZodType<SequenceLevelOptions>;

/** One value for each completion, from complementary pairs of masks. */
export function sequenceLevel({ numMc }: SequenceLevelOptions = { numMc: 2 }): Estimator {
  return {
    draw: (rollouts, iteration) =>
      drawnPasses(rollouts.map(({ maskSeeds, completionIds }) => pairs(maskSeeds[iteration]!, completionIds.length, numMc))),
    logProbs: (network, parameters, batch, drawn) => {
      const counted = cast(batch.completionMask, "float32");
      const elbo = sum(mul(passesLogProbs(network, parameters, batch, drawn), counted), { axes: [1] });
      return div(elbo, sum(counted, { axes: [1] }));
    },
  };
}

function pairs(seed: number, length: number, numMc: number): RowPasses {
  const random = createRandom(seed).split("sequence-level-mask");
  const first = random.integer(0, length + 1);
  const drawn = Array.from({ length: numMc }, (_, i) => {
    const masked = (first + Math.round((i * (length + 1)) / numMc)) % (length + 1);
    return { masked, mask: uniformMask(masked, { length, random }) };
  });
  return {
    masks: drawn.flatMap(({ mask }) => [mask, Uint8Array.from(mask, (isMasked) => 1 - isMasked)]),
    readings: drawn.map(({ mask, masked }, i) => ({
      pass: Int32Array.from(mask, (isMasked) => 2 * i + 1 - isMasked),
      weight: Float32Array.from(mask, (isMasked) => (length + 1) / (2 * numMc * (isMasked === 1 ? masked : length - masked))),
    })),
  };
}
