// Adaptation of an autoregressive model to masked diffusion (DiffuLLaMA, arXiv 2410.17891, `DiffuLLaMA-training/train.py`; stage 1 of
// DiffuCoder), and, without annealing, mid-training: the diffusion objective on whole texts.
//   loss = mean over tokens of 1[x_j masked] / t * -log p(x_j | x_t),   t ~ U(0, 1]
//   query i sees key j  if  j <= i  or  u_ij < p,   u_ij ~ U[0, 1),   p = min(1, (step + 1) / annealSteps)
// One pattern u for all rows and heads of a batch. A few rows are cut to a random length; of a few others a random prefix stays clean.
// Differs from DiffuLLaMA: 1. the mean is over the tokens that could have been masked, as in LLaDA, not over those that were;
// 2. timesteps are stratified; 3. a token without a real one before it is never masked, since no shifted logits predict it.
// Differs from LLaDA, which cuts whole batches: 4. each row draws for itself whether it is cut.
import { diffusionWeights, maskTokens, stratifiedTimesteps } from "@diffucoder/diffusion";
import type { Random } from "@diffucoder/core";
import { int32, type NdArray } from "@diffucoder/tensor";
import type { TrainingBatch } from "../batches.ts";
import type { Objective } from "../objective.ts";

/** Every token of a text, its prompt too, is masked with probability t, while attention opens from causal to bidirectional. */
export function adaptation({
  maskTokenId,
  eps,
  annealSteps = 0,
  truncationRate = 0,
  cleanPrefixRate = 0,
}: {
  /** The mask token. */
  maskTokenId: number;
  /** Smallest timestep, in (0, 1]. */
  eps: number;
  /** Steps of the stage until every token sees every token. @default 0: from the first step on */
  annealSteps?: number | undefined;
  /** Share of the rows that are cut to a random length, in [0, 1]. @default 0 */
  truncationRate?: number | undefined;
  /** Share of the rows of which a random prefix is not masked, in [0, 1]. @default 0 */
  cleanPrefixRate?: number | undefined;
}): Objective {
  return (batch, { stageStep, random }) => {
    const { inputIds, batchSize, sequenceLength } = batch;
    const shape = [batchSize, sequenceLength];
    const { seen, eligible } = chosenTokens(batch, { truncationRate, cleanPrefixRate, random });
    const timesteps = stratifiedTimesteps({ count: batchSize, random: random.split("timestep"), eps });
    const { noisy, mask } = maskTokens({ tokens: int32(inputIds, shape), timesteps, maskTokenId, eligible, random: random.split("tokens") });
    const open = annealSteps === 0 ? 1 : Math.min(1, (stageStep + 1) / annealSteps);
    return {
      inputIds: noisy,
      attentionMask: seen,
      weights: diffusionWeights({ mask, timesteps, eligible }),
      attention: open === 1 ? "full" : annealedAttention({ length: sequenceLength, open, random: random.split("attention") }),
    };
  };
}

/**
 * Which tokens see which while attention opens: the earlier ones and itself, and each later one with probability `open`.
 *
 * @returns int32 `[L, L]`, 1 where the query (row) sees the key (column)
 */
export function annealedAttention({ length, open, random }: { length: number; open: number; random: Random }): NdArray {
  const sees = (query: number, key: number): number => (key <= query || random.uniform() < open ? 1 : 0);
  return int32(
    Int32Array.from({ length: length * length }, (_, i) => sees(Math.floor(i / length), i % length)),
    [length, length],
  );
}

/** The tokens that a cut leaves, `seen`, and those of them that may be masked. Each row draws from its own stream. */
function chosenTokens(
  { attentionMask, batchSize, sequenceLength: length }: TrainingBatch,
  { truncationRate, cleanPrefixRate, random }: { truncationRate: number; cleanPrefixRate: number; random: Random },
): { seen: NdArray; eligible: NdArray } {
  const seen = Int32Array.from(attentionMask);
  const eligible = new Int32Array(batchSize * length);
  for (let row = 0; row < batchSize; row++) {
    const at = row * length;
    const first = Math.max(0, seen.subarray(at, at + length).indexOf(1));
    const cut = random.split("truncation", row);
    if (first + 2 > length) continue; // no token has one before it
    const end = cut.uniform() < truncationRate ? cut.integer(first + 2, length + 1) : length; // one token to predict at least
    seen.fill(0, at + end, at + length);
    const prefix = random.split("prefix", row);
    const start = prefix.uniform() < cleanPrefixRate ? prefix.integer(first + 1, end) : first + 1;
    for (let column = start; column < end; column++) eligible[at + column] = seen[at + column - 1]! & seen[at + column]!;
  }
  return { seen: int32(seen, [batchSize, length]), eligible: int32(eligible, [batchSize, length]) };
}
