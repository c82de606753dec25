// What pretraining learns from: TinyCode's examples as rows, an endless stream of the training split and some of the dev split.
import { encodeExample, exampleStream, type Split } from "@diffucoder/tasks";
import type { Tokenizer } from "@diffucoder/tokenizer";
import { exampleBatches, type TrainingBatch } from "@diffucoder/trainer";
import type { PretrainRecipe } from "./pretrain.ts";

/** A recipe, and how its examples become token ids. */
export interface PretrainingBatchesOptions {
  recipe: Pick<PretrainRecipe, "data" | "training" | "evaluation">;
  tokenizer: Tokenizer;
  padTokenId: number;
}

/** A batch of the training split by its number. @throws {InvalidArgumentError} if no tier has examples */
export function trainingBatches(options: PretrainingBatchesOptions): (number: number) => TrainingBatch {
  return batchesOf(options, "train");
}

/** `evaluation.examples` examples of the dev split, rounded up to whole batches. @throws {InvalidArgumentError} if no tier has held-out examples */
export function heldOutBatches(options: PretrainingBatchesOptions): TrainingBatch[] {
  const { training, evaluation } = options.recipe;
  return Array.from({ length: Math.ceil(evaluation.examples / training.perDeviceTrainBatchSize) }, (_, i) => i).map(batchesOf(options, "dev"));
}

function batchesOf({ recipe, tokenizer, padTokenId }: PretrainingBatchesOptions, split: Split): (number: number) => TrainingBatch {
  const { data, training } = recipe;
  const example = exampleStream({ tiers: data.tiers, seed: training.seed, split });
  return exampleBatches({
    example: (index) => encodeExample(example(index), tokenizer),
    batchSize: training.perDeviceTrainBatchSize,
    layout: { ...data, padTokenId },
  });
}
