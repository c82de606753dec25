// As many of the surest masks in each step as divide a block's evenly: of n in S steps, floor(n / S), and one more in the first
// n mod S.
import { transferCount } from "@diffucoder/diffusion";
import { surest } from "../selection/surest.ts";
import type { BlockState, RevealRule } from "./reveal.ts";

/** @param steps of all whole blocks of the answer together; a block has its share of them, rounded up */
export function evenRule({ steps, blockLength }: { steps: number; blockLength: number }): RevealRule {
  const stepsOf = ({ completionLength }: Pick<BlockState, "completionLength">): number =>
    Math.ceil(steps / Math.ceil(completionLength / blockLength));
  const count = (state: BlockState): number => {
    const ofBlock = stepsOf(state);
    return transferCount({ masked: state.left, step: Math.min(state.step, ofBlock - 1), steps: ofBlock, schedule: "even" });
  };
  return {
    maxSteps: stepsOf,
    isIdle: (state) => count(state) === 0,
    choose: ({ confidence }, state) => surest(confidence, count(state)),
  };
}
