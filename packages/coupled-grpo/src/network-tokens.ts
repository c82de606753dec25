// What an estimate costs in tokens through the network. Shapes are all that it depends on, so it is counted where they are known: when
// the estimator is traced, which happens once for each combination of them.
import type { LogitsFunction } from "@diffucoder/diffusion";
import type { NdArray, Tensor } from "@diffucoder/tensor";
import type { Estimator, RolloutBatch } from "./estimators/estimator.ts";

type Shaped = Pick<Tensor | NdArray, "shape">;
type ShapedBatch = { rollouts: { [key in keyof RolloutBatch]: Shaped }; drawn: Readonly<Record<string, Shaped>> };

/** An estimator that knows how many tokens it feeds the network. */
export interface CountedEstimator {
  /** The estimate, as the estimator's own. */
  logProbs: Estimator["logProbs"];
  /** Rows times columns of all its forward passes over such a batch, padding included; known once it was traced for the batch's shapes. */
  tokensOf(batch: ShapedBatch): number;
}

/** Counts the tokens of an estimator's forward passes. */
export function countTokens({ logProbs }: Pick<Estimator, "logProbs">): CountedEstimator {
  const counts = new Map<string, number>();
  return {
    logProbs: (network, parameters, rollouts, drawn) => {
      let tokens = 0;
      const logits: LogitsFunction = (weights, inputs) => {
        tokens += inputs.inputIds.shape.reduce((product, size) => product * size, 1);
        return network.logits(weights, inputs);
      };
      const estimate = logProbs({ ...network, logits }, parameters, rollouts, drawn);
      counts.set(shapesOf({ rollouts, drawn }), tokens);
      return estimate;
    },
    tokensOf: (batch) => counts.get(shapesOf(batch)) ?? 0,
  };
}

function shapesOf({ rollouts, drawn }: ShapedBatch): string {
  const { promptIds, completionIds } = rollouts;
  const draws = Object.entries(drawn).map(([name, { shape }]) => `${name}[${shape.join()}]`);
  return [promptIds.shape.join(), completionIds.shape.join(), ...draws.toSorted()].join(" ");
}
