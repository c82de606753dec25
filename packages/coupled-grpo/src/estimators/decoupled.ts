// Two masks that are drawn one by one instead of as complements (DiffuCoder, Table 2, "decoupled sampling"), beside the pass of nothing but masks:
//   logp_j = ( lp0_j + sum_(v = 1, 2) [j in M_v] lp_vj / r_v ) / 2,    r_v ~ U(0.2, 0.8),  j in M_v with probability r_v
// It costs what the coupled estimate does and has its mean, but a token may be scored in neither view, or in both.
// Differs: the paper names the ablation without a formula; weights are the coupled estimate's.
import { createRandom } from "@diffucoder/core";
import type { Estimator } from "./estimator.ts";
import { drawnPasses, passesLogProbs, type RowPasses } from "./masked-passes.ts";

const [LOW, HIGH] = [0.2, 0.8];

/** All masked, and two views that know nothing of each other. */
export function decoupled(): Estimator {
  return {
    draw: (rollouts, iteration) => drawnPasses(rollouts.map((rollout) => views(rollout.maskSeeds[iteration]!, rollout.completionIds.length))),
    logProbs: passesLogProbs,
  };
}

function views(seed: number, length: number): RowPasses {
  const random = createRandom(seed).split("decoupled-mask");
  const drawn = Array.from({ length: 2 }, () => {
    const ratio = LOW + (HIGH - LOW) * random.uniform();
    return { ratio, mask: Uint8Array.from({ length }, () => (random.uniform() < ratio ? 1 : 0)) };
  });
  const inPass = (pass: number): Int32Array => new Int32Array(length).fill(pass);
  return {
    masks: [new Uint8Array(length).fill(1), ...drawn.map(({ mask }) => mask)],
    readings: [
      { pass: inPass(0), weight: new Float32Array(length).fill(0.5) },
      ...drawn.map(({ mask, ratio }, i) => ({ pass: inPass(i + 1), weight: Float32Array.from(mask, (isMasked) => isMasked / (2 * ratio)) })),
    ],
  };
}
