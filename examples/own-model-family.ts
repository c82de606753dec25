// A network of your own: losses, training and samplers take any function of parameters and token ids to logits. This one has no attention.
// (Checkpoints of a published family load by one file of data: docs/contributing/add-a-model-family.md.)
import { createRandom } from "@diffucoder/core";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { createDenoiser, dreamDecoder, generate } from "@diffucoder/samplers";
import { add, concat, float32, linear, reshape, silu, slice, take, zeros } from "@diffucoder/tensor";
import { freshState, pretrain, PretrainConfigSchema } from "@diffucoder/trainer";

const [VOCABULARY, WIDTH, MASK] = [8, 16, 7];

/** Sees each token and its left neighbour; logits `[B * L, V]`, or those at `logitPositions`. */
const neighbours: LogitsFunction = ({ embedding, mix, head }, { inputIds, logitPositions }) => {
  const [rows, length] = inputIds.shape as [number, number];
  const here = take(embedding!, inputIds); // [B, L, D]
  const left = concat([zeros([rows, 1, WIDTH]), slice(here, { axis: 1, end: length - 1 })], 1);
  const hidden = silu(linear(concat([here, left], 2), mix!));
  const flat = reshape(add(hidden, here), [rows * length, WIDTH]);
  return linear(logitPositions === undefined ? flat : take(flat, logitPositions), head!);
};

const random = createRandom(0);
const weights = (name: string, shape: [number, number]) =>
  float32(
    random
      .split(name)
      .fillNormal(new Float32Array(shape[0] * shape[1]))
      .map((value) => value / 4),
    shape,
  );
const untrained = freshState({
  embedding: weights("embedding", [VOCABULARY, WIDTH]),
  mix: weights("mix", [WIDTH, 2 * WIDTH]),
  head: weights("head", [VOCABULARY, WIDTH]),
});
const { parameters } = await pretrain({
  config: PretrainConfigSchema.parse({
    stages: [{ objective: "diffusion", maxSteps: 150 }],
    perDeviceTrainBatchSize: 2,
    learningRate: 0.02,
  }),
  logits: neighbours,
  state: untrained,
  batch: () => ({
    inputIds: Int32Array.from([1, 2, 3, 4, 5, 2, 3, 4, 5, 6]), // counting
    attentionMask: new Int32Array(10).fill(1),
    completionMask: Int32Array.from([0, 1, 1, 1, 1, 0, 1, 1, 1, 1]),
    batchSize: 2,
    sequenceLength: 5,
    promptLength: 1,
  }),
  maskTokenId: MASK,
  vocabSize: VOCABULARY,
  random: random.split("train"),
});

const denoiser = createDenoiser({
  logits: neighbours,
  parameters: () => parameters,
  maskTokenId: MASK,
  vocabSize: VOCABULARY,
  forbiddenIds: [MASK],
});
const decoder = dreamDecoder({ steps: 4, schedule: "even" });
const { completionIds } = await generate({ denoiser, decoder, promptIds: [[1], [2]], maxNewTokens: 4, random, padTokenId: 0 });
console.log(completionIds.map((ids) => ids.join(" ")).join(", "));
