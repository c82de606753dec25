// Coupled masks of any number of parts (DiffuCoder, Eq. 13 and App. A.3 for K = 2; stratified masking for more):
//   the tokens are cut into K parts M_1 .. M_K of shares r_1 .. r_K, each masked in a pass of its own;  token j of part k:
//   logp_j = ( lambda lp0_j + lp_kj w_k ) / (1 + lambda),   lp0 with all tokens masked, left out if lambda is 0
//   w_k = 1 / r_k  ("inverseShare", the paper's)  or  1  ("none": each token is scored once as it is, so that no token counts more than another)
// K = 2, lambda = 1 and inverse shares are the coupled estimate; K = L and lambda = 0 the pseudo-likelihood, each token with all others visible.
// Differs: two parts have the coupled estimate's masks; more have sizes as equal as can be, so that no share is small.
import { createRandom } from "@diffucoder/core";
import { z } from "zod";
import { coupledMasks } from "./coupled-masks.ts";
import type { Estimator } from "./estimator.ts";
import { drawnPasses, passesLogProbs, type RowPasses } from "./masked-passes.ts";

/** Settings of `partition`. */
export interface PartitionOptions {
  /** Parts of a completion, K, each masked in a pass of its own; not more than it has tokens. @default 2 */
  parts: number;
  /** Weight of the pass in which all tokens are masked; 0 saves it. @default 1 */
  lambda: number;
  /** How a part's tokens count. @default "inverseShare" */
  weights: "inverseShare" | "none";
}

/** `PartitionOptions` as settings. */
export const PartitionOptionsSchema = z.strictObject({
  parts: z.int().min(2).max(4096).default(2).describe("parts of a completion, each masked in a pass of its own"),
  lambda: z.number().nonnegative().max(1000).default(1).describe("weight of the pass in which all tokens are masked; 0 saves it"),
  weights: z
    .enum(["inverseShare", "none"])
    .default("inverseShare")
    .describe("how a part's tokens count: inverseShare, by one over its share, as in the paper, or none"),
}) satisfies z.ZodType<PartitionOptions>;

/** Every token once, in the pass that masks its part. */
export function partition({ parts, lambda, weights }: PartitionOptions): Estimator {
  return {
    draw: (rollouts, iteration) =>
      drawnPasses(
        rollouts.map(({ maskSeeds, completionIds }) => {
          const cut = cutInto(parts, { seed: maskSeeds[iteration]!, length: completionIds.length });
          return passesOf(cut, { lambda, weights });
        }),
      ),
    logProbs: passesLogProbs,
  };
}

interface Cut {
  /** Part of each token. */
  partOf: Int32Array;
  /** Share of each part. */
  shares: readonly number[];
}

function cutInto(parts: number, { seed, length }: { seed: number; length: number }): Cut {
  if (parts === 2) {
    const { mask, ratio } = coupledMasks({ seeds: [seed], length });
    return { partOf: Int32Array.from(mask, (inFirst) => 1 - inFirst), shares: [ratio[0]!, 1 - ratio[0]!] };
  }
  const partOf = new Int32Array(length);
  const order = createRandom(seed)
    .split("partition")
    .shuffle(Array.from({ length }, (_, j) => j));
  order.forEach((token, i) => (partOf[token] = i % parts));
  // Parts beyond the tokens stay empty: nothing is read from their passes.
  return { partOf, shares: Array.from({ length: parts }, (_, k) => Math.ceil((length - k) / parts) / length) };
}

function passesOf({ partOf, shares }: Cut, { lambda, weights }: Pick<PartitionOptions, "lambda" | "weights">): RowPasses {
  const length = partOf.length;
  const first = lambda > 0 ? 1 : 0;
  const own = shares.map((share) => (weights === "none" ? 1 : 1 / share) / (1 + lambda));
  const all = { pass: new Int32Array(length), weight: new Float32Array(length).fill(lambda / (1 + lambda)) };
  return {
    masks: [
      ...(lambda > 0 ? [new Uint8Array(length).fill(1)] : []),
      ...shares.map((_, part) => Uint8Array.from(partOf, (one) => (one === part ? 1 : 0))),
    ],
    readings: [...(lambda > 0 ? [all] : []), { pass: partOf.map((part) => part + first), weight: Float32Array.from(partOf, (part) => own[part]!) }],
  };
}
