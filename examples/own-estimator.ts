// An estimator of your own: the log-probability of each token with the whole completion masked, one pass instead of the paper's three.
import { createRandom } from "@diffucoder/core";
import { CoupledGrpoConfigSchema, type Estimator, freshCoupledGrpoState, trainCoupledGrpo } from "@diffucoder/coupled-grpo";
import { initParameters, logitsFunction } from "@diffucoder/model";
import { dreamDecoder, SamplerOptionsSchema } from "@diffucoder/samplers";
import { add, broadcastTo, concat, constant, iota, mul, reshape, selectLogProbs } from "@diffucoder/tensor";
import { freshState } from "@diffucoder/trainer";
import { tinyConfig, WORD } from "./tiny-config.ts";

const fullMask: Estimator = {
  draw: () => ({}), // it uses no randomness
  logProbs: ({ logits, maskTokenId }, parameters, { promptIds, completionIds }) => {
    const [rows, promptLength] = promptIds.shape as [number, number];
    const length = completionIds.shape[1]!;
    const inputIds = concat([promptIds, broadcastTo(constant(maskTokenId, "int32"), [rows, length])], 1);
    const firstOfRow = mul(reshape(iota(rows), [rows, 1]), promptLength + length);
    const logitPositions = add(firstOfRow, add(reshape(iota(length), [1, length]), promptLength - 1)); // those at j - 1 predict token j
    const scores = logits(parameters, { inputIds, logitPositions: reshape(logitPositions, [rows * length]) });
    return reshape(selectLogProbs(scores, reshape(completionIds, [rows * length])), [rows, length]);
  },
};

const random = createRandom(0);
const rewards: number[] = [];
await trainCoupledGrpo({
  config: CoupledGrpoConfigSchema.parse({ maxSteps: 20, promptsPerStep: 1, numGenerations: 8, learningRate: 0.01 }),
  estimator: fullMask,
  logits: logitsFunction(tinyConfig),
  vocabSize: tinyConfig.vocabSize,
  maskTokenId: tinyConfig.maskTokenId,
  padTokenId: 0,
  eosTokenIds: [0],
  forbiddenIds: [tinyConfig.maskTokenId],
  promptLength: 2,
  maxNewTokens: 6,
  decoder: dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 6, steps: 4, temperature: 1 })),
  state: freshCoupledGrpoState(freshState(initParameters({ config: tinyConfig, random: random.split("init") }))),
  prompts: () => [[1, 2]],
  reward: async ({ completionIds }) => completionIds.map((ids) => ids.filter((id) => id === WORD).length / ids.length),
  random: random.split("grpo"),
  onStep: ({ reward }) => void rewards.push(reward!),
});
console.log(`reward of the first step ${rewards[0]!.toFixed(2)}, of the last ${rewards.at(-1)!.toFixed(2)}`);
