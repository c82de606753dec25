// Estimates on a toy network whose logits depend on the word before alone, so that every pass can be worked out by hand.
import type { DenoiseTrace } from "@diffucoder/samplers";
import { compile, float32, int32, type Tensor } from "@diffucoder/tensor";
import fc from "fast-check";
import type { Rollout } from "../rollout.ts";
import { logProbAfter, MASK, toyLogits, toyParameters } from "../toy-logits.fixture.ts";
import type { Estimator, RolloutBatch } from "./estimator.ts";

const parameters = toyParameters();
/** log p(next word | word) of the toy network. */
export const after = (word: number, next: number): number => logProbAfter(parameters, word, next);

/** A completion of the prompt 0 1, revealed from left to right. */
export const rolloutOf = (completionIds: number[], maskSeed = 1, completionMask = completionIds.map(() => 1)): Rollout => ({
  promptIds: [0, 1],
  promptMask: [1, 1],
  completionIds,
  completionMask,
  reward: 1,
  advantage: 1,
  maskSeeds: [maskSeed],
  trace: traceOf(
    completionIds,
    completionIds.map((_, j) => [j]),
  ),
});

/** The trace of a completion after a prompt of two tokens, whose steps reveal these of its tokens. */
export function traceOf(completionIds: readonly number[], revealed: readonly number[][]): DenoiseTrace {
  const steps = revealed.map((tokens, step) => ({
    step,
    positions: tokens.map((j) => 2 + j),
    tokens: tokens.map((j) => completionIds[j]!),
    confidence: tokens.map(() => 1),
    entropy: tokens.map(() => 0),
    forwardPasses: step + 1,
  }));
  return { initialIds: [0, 1, ...completionIds.map(() => MASK)], maskTokenId: MASK, steps };
}

type Inputs<Leaf> = Record<keyof RolloutBatch, Leaf> & { drawn: Record<string, Leaf> };

/** What an estimator says of rollouts, as it is traced: `[B][L]`, or `[B][1]`. */
export async function estimateOf(estimator: Estimator, rollouts: readonly Rollout[]): Promise<number[][]> {
  const length = rollouts[0]!.completionIds.length;
  const rows = (of: (rollout: Rollout) => number[], width: number) => int32(rollouts.flatMap(of), [rollouts.length, width]);
  const run = compile((weights: Record<string, Tensor>, { drawn, ...batch }: Inputs<Tensor>) => ({
    estimate: estimator.logProbs({ logits: toyLogits, maskTokenId: MASK }, weights, batch, drawn),
  }));
  const { estimate } = await run(parameters, {
    promptIds: rows(({ promptIds }) => promptIds, 2),
    promptMask: rows(({ promptMask }) => promptMask, 2),
    completionIds: rows(({ completionIds }) => completionIds, length),
    completionMask: float32(
      rollouts.flatMap(({ completionMask }) => completionMask),
      [rollouts.length, length],
    ),
    drawn: estimator.draw(rollouts, 0),
  });
  run.dispose();
  const each = estimate.size / rollouts.length;
  return rollouts.map((_, row) => [...estimate.data].slice(row * each, (row + 1) * each));
}

/** Completions of the toy network's words. */
export const completions = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 6 });
