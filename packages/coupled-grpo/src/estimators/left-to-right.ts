// JustGRPO (arXiv 2601.15165, `grpo.py`): the likelihood of a completion that is written from left to right, exact for that order:
//   logp_j = lp_j of a pass that sees o_<j and masks o_>=j:   L passes for a completion.
// Differs: JustGRPO divides the logits by the rollouts' temperature, which it keeps at 1; here they are taken as they are.
import type { Estimator } from "./estimator.ts";
import { drawnPasses, passesLogProbs } from "./masked-passes.ts";

/** Every token from a pass that sees what stands before it. It takes as many passes as a completion has tokens; see `gradientAccumulationSteps`. */
export function leftToRight(): Estimator {
  return {
    draw: (rollouts) =>
      drawnPasses(
        rollouts.map(({ completionIds: { length } }) => ({
          masks: Array.from({ length }, (_, pass) => Uint8Array.from({ length }, (_token, j) => (j >= pass ? 1 : 0))),
          readings: [{ pass: Int32Array.from({ length }, (_, j) => j), weight: new Float32Array(length).fill(1) }],
        })),
      ),
    logProbs: passesLogProbs,
  };
}
