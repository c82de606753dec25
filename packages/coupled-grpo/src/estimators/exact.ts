// Ordinary GRPO (DeepSeekMath, arXiv 2402.03300): the likelihood of a completion under a model that writes from left to right, in one pass:
//   logp_j = log p(o_j | prompt, o_<j),    nothing masked, since the network lets no token see those behind it.
// Of a network whose tokens see all it would be the probability of a token that it can read: give it causal logits.
import type { Estimator } from "./estimator.ts";
import { drawnPasses, passesLogProbs } from "./masked-passes.ts";

/** The exact log-probability of each token of an autoregressive model, from a single pass over the completion. */
export function exact(): Estimator {
  return {
    draw: (rollouts) =>
      drawnPasses(
        rollouts.map(({ completionIds: { length } }) => ({
          masks: [new Uint8Array(length)],
          readings: [{ pass: new Int32Array(length), weight: new Float32Array(length).fill(1) }],
        })),
      ),
    logProbs: passesLogProbs,
  };
}
