// A reward of your own: any function of completions. This one also reports its terms, and leaves out what it cannot judge.
import { createRandom } from "@diffucoder/core";
import { CoupledGrpoConfigSchema, freshCoupledGrpoState, type RewardFunction, trainCoupledGrpo } from "@diffucoder/coupled-grpo";
import { initParameters, logitsFunction } from "@diffucoder/model";
import { dreamDecoder, SamplerOptionsSchema } from "@diffucoder/samplers";
import { freshState } from "@diffucoder/trainer";
import { tinyConfig, WORD } from "./tiny-config.ts";

const wordAndVariety: RewardFunction = async ({ completionIds }) =>
  completionIds.map((ids) => {
    if (ids.length === 0) return null; // could not be judged: not the same as 0
    const word = ids.filter((id) => id === WORD).length / ids.length;
    const variety = new Set(ids).size / ids.length;
    return {
      reward: 2 * word + 0.1 * variety,
      terms: [
        { name: "word", value: word },
        { name: "variety", value: variety },
      ],
    };
  });

const random = createRandom(0);
const steps: Record<string, number>[] = [];
await trainCoupledGrpo({
  config: CoupledGrpoConfigSchema.parse({ maxSteps: 20, promptsPerStep: 1, numGenerations: 8, learningRate: 0.01 }),
  reward: wordAndVariety,
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
  random: random.split("grpo"),
  onStep: (metrics) => void steps.push(metrics),
});
for (const name of ["reward", "rewards/word", "rewards/variety"])
  console.log(`${name}: ${steps[0]![name]!.toFixed(2)} at first, ${steps.at(-1)![name]!.toFixed(2)} at last`);
