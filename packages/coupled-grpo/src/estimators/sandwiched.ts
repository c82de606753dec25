// SPG, the sandwiched policy gradient (arXiv 2510.09541): a bound from below where a completion was good, from above where it was bad, so
// that the objective is bounded in either case. n masks of m_i tokens, p_ij = exp(lp_ij):
//   lower_j = sum_i [j in M_i] lp_ij w_ij,                     w_ij = L / (n m_i), as in `monteCarlo`
//   upper_j = ln( sum_i [j in M_i] p_ij^beta w_ij ) / beta     by Jensen's inequality above it, beta >= 1
//   logp_j  = lower_j  where A >= 0,    omega upper_j + (1 - omega) lower_j  where A < 0
// A token that no mask covers has neither bound: 0, without a gradient. Differs: SPG masks whole blocks; here masks are uniform.
import {
  add,
  cast,
  clamp,
  constant,
  div,
  equal,
  exp,
  float32,
  greater,
  less,
  log,
  max,
  maximum,
  mul,
  reshape,
  stopGradient,
  sub,
  sum,
  where,
} from "@diffucoder/tensor";
import { z } from "zod";
import type { Estimator } from "./estimator.ts";
import { readLogProbs } from "./masked-passes.ts";
import { monteCarlo } from "./monte-carlo.ts";

/** Settings of `sandwiched`. */
export interface SandwichedOptions {
  /** Masks drawn for each completion, n. @default 2 */
  numMc: number;
  /** Power in the bound from above, beta; at least 1. @default 1.5 */
  euboBeta: number;
  /** Share of the bound from above where a completion was bad, omega. @default 0.5 */
  mixWeight: number;
}

/** `SandwichedOptions` as settings. */
export const SandwichedOptionsSchema = z.strictObject({
  numMc: z.int().positive().max(1024).default(2).describe("masks drawn for each completion"),
  euboBeta: z.number().min(1).max(100).default(1.5).describe("power in the bound from above"),
  mixWeight: z.number().min(0).max(1).default(0.5).describe("share of the bound from above where a completion was bad"),
}) satisfies z.ZodType<SandwichedOptions>;

/** The bound that fits the sign of a completion's advantage. */
export function sandwiched({ numMc, euboBeta, mixWeight }: SandwichedOptions): Estimator {
  const { draw } = monteCarlo({ numMc });
  return {
    draw: (rollouts, iteration) => ({ ...draw(rollouts, iteration), advantage: float32(rollouts.map(({ advantage }) => advantage)) }),
    logProbs: (network, parameters, batch, { advantage, ...passes }) => {
      const weight = passes["weight"]!;
      const isRead = greater(weight, 0);
      const logProbs = where(isRead, maximum(readLogProbs(network, parameters, batch, passes), LOWEST_LOG_PROB), 0); // [R, B, L]
      const lower = sum(mul(logProbs, weight), { axes: [0] });
      // ln sum w p^beta, from the largest term: powers of small probabilities vanish in float32.
      const scaled = where(isRead, mul(logProbs, euboBeta), constant(-1e30));
      const largest = stopGradient(max(scaled, { axes: [0] }));
      const isCovered = greater(sum(weight, { axes: [0] }), 0);
      const total = sum(where(isRead, mul(exp(clamp(sub(scaled, largest), -80, 0)), weight), 0), { axes: [0] });
      const upper = where(isCovered, div(add(log(where(isCovered, total, 1)), where(isCovered, largest, 0)), euboBeta), 0);
      const wasBad = cast(less(reshape(advantage!, [...advantage!.shape, 1]), 0), "float32");
      const share = mul(wasBad, mixWeight);
      return where(equal(share, 0), lower, add(mul(upper, share), mul(lower, sub(1, share))));
    },
  };
}

const LOWEST_LOG_PROB = -1e4;
