// One pass over the prompt and nothing but masks (d1, arXiv 2504.12216, `diffu_grpo_trainer.py`):  logp_j = lp_j(all masked).
// Differs: the prompt is never masked, where d1 masks 15 % of its tokens: DiffuCoder's ablation "full-mask completion" keeps it as well.
import type { Estimator } from "./estimator.ts";
import { drawnPasses, passesLogProbs } from "./masked-passes.ts";

/** Every token from a pass that sees none of the completion. */
export function fullMask(): Estimator {
  return {
    draw: (rollouts) =>
      drawnPasses(
        rollouts.map(({ completionIds: { length } }) => ({
          masks: [new Uint8Array(length).fill(1)],
          readings: [{ pass: new Int32Array(length), weight: new Float32Array(length).fill(1) }],
        })),
      ),
    logProbs: passesLogProbs,
  };
}
