// The coupled estimate of per-token log-probabilities (DiffuCoder, Eq. 13 with lambda = 1; Apple's coupled_grpo.py,
// `_get_per_token_logps`). Three passes see the prompt and the completion with
//   all tokens masked,   the tokens of M masked (ratio r),   the others masked (ratio 1 - r);
//   logp_j = ( lp0_j + (M_j ? lp1_j / r : lp2_j / (1 - r)) ) / 2,    lp_j read from the logits at j - 1, or at j.
// Differs: 1. the three passes are one batch; 2. of the second and third pass only the logits that the sum reads are
// computed; 3. prompts' left padding is masked in attention (Apple's code attends to it) unless `promptMask` is absent. `compat` has Apple's way back.
import { ShapeError } from "@diffucoder/core";
import { z } from "zod";
import {
  add,
  broadcastTo,
  concat,
  constant,
  div,
  equal,
  float32,
  int32,
  iota,
  mul,
  reshape,
  selectLogProbs,
  slice,
  sub,
  type Tensor,
  where,
} from "@diffucoder/tensor";
import { coupledMasks } from "./coupled-masks.ts";
import type { EstimatedNetwork, Estimator } from "./estimator.ts";

/** What the published code does and the estimate here mends, to be switched on for comparison. */
export interface CoupledCompat {
  /** Whether all rows that are scored together share one ratio, so that their errors do not average out. @default false */
  sharedRatio?: boolean | undefined;
  /** Whether scoring attends to the left padding of prompts, which the rollouts did not see. @default false */
  attendPadding?: boolean | undefined;
}

/** `CoupledCompat` as settings. */
export const CoupledCompatSchema = z.strictObject({
  sharedRatio: z.boolean().optional().describe("whether all rows that are scored together share one ratio (default: false)"),
  attendPadding: z.boolean().optional().describe("whether scoring attends to the left padding of prompts (default: false)"),
}) satisfies z.ZodType<CoupledCompat>;

/** The paper's estimator, in part or in whole as its published code computes it. */
export function createCoupled({ sharedRatio = false, attendPadding = false }: CoupledCompat = {}): Estimator {
  return {
    draw: (rollouts, iteration) => {
      const length = rollouts[0]!.completionIds.length;
      const { mask, ratio } = coupledMasks({ seeds: rollouts.map(({ maskSeeds }) => maskSeeds[iteration]!), length, sharedRatio });
      return { mask: int32(mask, [rollouts.length, length]), ratio: float32(ratio) };
    },
    logProbs: (network, parameters, { promptMask, promptIds, completionIds }, { mask, ratio }) =>
      coupledLogProbs(network, parameters, { promptIds, completionIds, ...(!attendPadding && { promptMask }), mask: mask!, ratio: ratio! }),
  };
}

/** The paper's estimator: all masked, and two complementary views. */
export const coupled: Estimator = createCoupled();

/** Rollouts and the masks that they are scored through. B rows, prompts of P and completions of L tokens. */
export interface CoupledBatch {
  /** int32 `[B, P]` */
  promptIds: Tensor;
  /** int32 `[B, P]`, 0 on left padding. @default all real */
  promptMask?: Tensor;
  /** int32 `[B, L]` */
  completionIds: Tensor;
  /** int32 `[B, L]`, 1 where the second pass masks. */
  mask: Tensor;
  /** `[B]`, the ratio that `mask` was drawn with. */
  ratio: Tensor;
}

/**
 * The coupled estimate of the log-probability of each completion token, traced: three passes as one batch.
 *
 * @returns `[B, L]`
 * @throws {ShapeError} if the mask or the completions do not fit
 */
export function coupledLogProbs(
  { logits, maskTokenId, shift = true }: EstimatedNetwork,
  parameters: Readonly<Record<string, Tensor>>,
  { promptIds, promptMask, completionIds, mask, ratio }: CoupledBatch,
): Tensor {
  const [batch, promptLength] = promptIds.shape as [number, number];
  const [rows, length] = completionIds.shape as [number, number];
  if (rows !== batch)
    throw new ShapeError({ argument: "completionIds", shape: completionIds.shape, expected: `[${batch}, L], as many rows as promptIds` });
  if (mask.shape.join() !== completionIds.shape.join())
    throw new ShapeError({ argument: "mask", shape: mask.shape, expected: `[${batch}, ${length}], as completionIds` });
  const width = promptLength + length;
  const isMasked = equal(mask, 1);
  const maskToken = constant(maskTokenId, "int32");
  const views = [broadcastTo(maskToken, [batch, length]), where(isMasked, maskToken, completionIds), where(isMasked, completionIds, maskToken)];
  const inputIds = concat(views.map((view) => concat([promptIds, view], 1))); // [3B, P + L]
  const attentionMask =
    promptMask &&
    concat(Array.from({ length: 3 }, () => concat([promptMask, constant(int32(new Int32Array(batch * length).fill(1), [batch, length]))], 1)));

  // Position of the logits for token j of row b in pass v: (v B + b) (P + L) + P + j, and one less with the shift.
  const rowStarts = mul(reshape(iota(batch), [batch, 1]), width);
  const columns = add(reshape(iota(length), [1, length]), promptLength - (shift ? 1 : 0));
  const inFirstPass = add(rowStarts, columns); // [B, L]
  const inItsPass = add(inFirstPass, where(isMasked, batch * width, constant(2 * batch * width, "int32")));
  const logitPositions = reshape(concat([inFirstPass, inItsPass]), [2 * batch * length]);

  const scores = logits(parameters, { inputIds, attentionMask, logitPositions }); // [2BL, V]
  const targets = reshape(concat([completionIds, completionIds]), [2 * batch * length]);
  const logProbs = reshape(selectLogProbs(scores, targets), [2, batch, length]);
  const fullMask = reshape(slice(logProbs, { axis: 0, end: 1 }), [batch, length]);
  const coupled = reshape(slice(logProbs, { axis: 0, start: 1 }), [batch, length]);
  const share = reshape(ratio, [batch, 1]);
  return mul(add(fullMask, div(coupled, where(isMasked, share, sub(1, share)))), 0.5);
}
