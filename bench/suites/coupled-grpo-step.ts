// The two compiled halves of a coupled-GRPO iteration, on a model of the shape of `tinycode-base`: an estimate of rollouts'
// log-probabilities, and an update. Each scores every rollout in three passes: a coupled pair of masks, and all masked.
// Weights and rollouts are drawn from fixed seeds; the work is the same as with trained ones.
import { CoupledGrpoConfigSchema, createPolicy, type Rollout } from "@diffucoder/coupled-grpo";
import { createRandom } from "@diffucoder/core";
import { initParameters, logitsFunction, ModelConfigSchema } from "@diffucoder/model";
import { initAdamW } from "@diffucoder/tensor";
import { extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import type { SuiteOptions } from "./suite.ts";

const ROLLOUTS = 64;
const PROMPT_LENGTH = 36;
const COMPLETION_LENGTH = 48;

const model = ModelConfigSchema.parse({
  vocabSize: 733,
  hiddenSize: 192,
  intermediateSize: 512,
  numHiddenLayers: 4,
  numAttentionHeads: 6,
  numKeyValueHeads: 6,
  maxPositionEmbeddings: PROMPT_LENGTH + COMPLETION_LENGTH,
  ropeTheta: 10_000,
  maskTokenId: 732,
  eosTokenId: 731,
  padTokenId: 729,
  bosTokenId: 729,
});

export async function coupledGrpoStepSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  say("coupled-grpo-step ...");
  const config = CoupledGrpoConfigSchema.parse({ maxSteps: 1, promptsPerStep: 8, numGenerations: 8, learningRate: 1e-4 });
  const policy = createPolicy({ logits: logitsFunction(model), maskTokenId: model.maskTokenId, config });
  const parameters = initParameters({ config: model, random: createRandom(0) });
  const rollouts = Array.from({ length: ROLLOUTS }, (_, row) => randomRollout(row));
  const estimates = await policy.estimate(parameters, rollouts, 0);
  rollouts.forEach((rollout, row) => (rollout.refPerTokenLogProbs = [estimates[row] as Float32Array]));

  let state = { parameters, adam: initAdamW(parameters) };
  let count = 0;
  const times = await inTurns(
    {
      estimate: () => timed(() => policy.estimate(state.parameters, rollouts, 0)),
      update: () =>
        timed(async () => {
          ({ state } = await policy.update(state, rollouts, { iteration: 0, lr: config.learningRate, count: ++count }));
        }),
    },
    quick ? 1 : 9,
  );
  policy.dispose();
  const result = (half: "estimate" | "update"): Result =>
    measured({
      suite: "coupled-grpo-step",
      name: `${half}, ${ROLLOUTS} rollouts of ${PROMPT_LENGTH} + ${COMPLETION_LENGTH} tokens`,
      ours: median(times[half]),
      spread: extent(times[half]),
      unit: "ms",
    });
  return [result("estimate"), result("update")];
}

function randomRollout(row: number): Rollout {
  const random = createRandom(0).split("rollout", row);
  const tokens = (length: number): number[] => Array.from({ length }, () => random.integer(0, model.padTokenId));
  return {
    promptIds: tokens(PROMPT_LENGTH),
    promptMask: Array.from({ length: PROMPT_LENGTH }, (_, column) => (column < row % 8 ? 0 : 1)),
    completionIds: tokens(COMPLETION_LENGTH),
    completionMask: Array.from({ length: COMPLETION_LENGTH }, (_, column) => (column < 32 + (row % 16) ? 1 : 0)),
    reward: row % 2,
    advantage: (row % 2) - 0.5,
    maskSeeds: [row],
    trace: { initialIds: [], maskTokenId: model.maskTokenId, steps: [] },
  };
}
