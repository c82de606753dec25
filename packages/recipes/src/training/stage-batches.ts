// What the stages learn from, as rows: an endless stream of the training split of TinyCode, small or in full, or a file of a person's own, in a new order each epoch.
import { FileError, InvalidArgumentError, type Random } from "@diffucoder/core";
import { type Example, encodeExample, encodePair, exampleStream, fullExampleStream, packRows, readTrainingRecords } from "@diffucoder/tasks";
import type { Tokenizer } from "@diffucoder/tokenizer";
import { type BatchLayout, type EncodedExample, exampleBatches, fits, layOutRows, type TrainingBatch } from "@diffucoder/trainer";
import type { StageRecipe } from "./stage-recipe.ts";

/** A recipe, and how its examples become token ids. */
export interface StageBatchesOptions {
  /** Which examples, and how many in a batch. */
  recipe: Pick<StageRecipe, "data" | "training" | "evaluation">;
  /** The model's. */
  tokenizer: Tokenizer;
  /** Token of the padding. */
  padTokenId: number;
  /** Token behind each text. */
  eosTokenId: number;
  /** Stream of the epochs' orders. */
  random: Random;
  /** Gets a notice of what of a file is not used. */
  onNote: (note: string) => void;
}

/** Rows to train and to evaluate on. */
export interface StageBatches {
  /** A batch by its number: a function of it alone. */
  batch: (number: number) => TrainingBatch;
  /** Held-out batches; `undefined` if the recipe evaluates nothing. */
  evalBatches: TrainingBatch[] | undefined;
  /** Steps until each example of a file was seen once; `undefined` of an endless stream. */
  stepsPerEpoch: number | undefined;
  /** Whether rows are texts, without a column where answers begin. */
  isText: boolean;
}

type ExampleStream = (options: { tiers: Readonly<Record<string, number>>; seed: number; split: "train" | "dev" }) => (index: number) => Example;

/** Endless streams of examples that are made, by the name of their data set. */
const STREAMS = new Map<string, ExampleStream>([
  ["tinycode", exampleStream],
  ["tinycode-full", fullExampleStream],
]);

/** Reads a recipe's examples. @throws {FileError} if a file has none that can be used @throws {InvalidArgumentError} if no tier has examples */
export function stageBatches(options: StageBatchesOptions): StageBatches {
  const { data, training, evaluation } = options.recipe;
  const isEvaluated = training.evalSteps !== undefined;
  const stream = STREAMS.get(data.dataset);
  if (stream !== undefined) {
    const evalBatches = isEvaluated ? madeHeldOut(stream, options) : undefined;
    return { batch: madeBatches(stream, options, "train"), evalBatches, stepsPerEpoch: undefined, isText: false };
  }
  if (isEvaluated && evaluation.dataset === undefined)
    throw new InvalidArgumentError({
      argument: "evaluation.dataset",
      value: undefined,
      expected: `a file of held-out examples, since training.evalSteps evaluates and ${data.dataset} is trained on`,
    });
  const { rows, layout, isText } = fileRows(data.dataset, options);
  const { perDeviceTrainBatchSize: batchSize, gradientAccumulationSteps } = training;
  const orderOf = epochOrders(rows.length, options.random);
  return {
    batch: (number) => {
      const indices = Array.from({ length: batchSize }, (_, row) => number * batchSize + row);
      return layOutRows(
        indices.map((index) => rows[orderOf(Math.floor(index / rows.length))[index % rows.length]!]!),
        layout,
      );
    },
    evalBatches: isEvaluated ? heldOutRows(evaluation.dataset!, options) : undefined,
    stepsPerEpoch: Math.ceil(rows.length / (batchSize * gradientAccumulationSteps)),
    isText,
  };
}

function madeBatches(
  stream: ExampleStream,
  { recipe, tokenizer, padTokenId }: StageBatchesOptions,
  split: "train" | "dev",
): (number: number) => TrainingBatch {
  const { data, training } = recipe;
  const example = stream({ tiers: data.tiers, seed: training.seed, split });
  return exampleBatches({
    example: (index) => encodeExample(example(index), tokenizer),
    batchSize: training.perDeviceTrainBatchSize,
    layout: { ...data, padTokenId },
  });
}

/** `evaluation.examples` examples of the dev split, rounded up to whole batches. */
function madeHeldOut(stream: ExampleStream, options: StageBatchesOptions): TrainingBatch[] {
  const { training, evaluation } = options.recipe;
  const count = Math.ceil(evaluation.examples / training.perDeviceTrainBatchSize);
  return Array.from({ length: count }, (_, i) => i).map(madeBatches(stream, options, "dev"));
}

/** The first `evaluation.examples` rows of a file. */
function heldOutRows(path: string, options: StageBatchesOptions): TrainingBatch[] {
  const { training, evaluation } = options.recipe;
  const { rows, layout } = fileRows(path, options);
  const used = rows.slice(0, evaluation.examples);
  const size = training.perDeviceTrainBatchSize;
  return Array.from({ length: Math.ceil(used.length / size) }, (_, i) => layOutRows(used.slice(i * size, (i + 1) * size), layout));
}

interface FileRows {
  rows: readonly EncodedExample[];
  layout: BatchLayout;
  isText: boolean;
}

/** The rows of a file: each prompt with its response, or texts packed one behind the other. */
function fileRows(path: string, { recipe, tokenizer, padTokenId, eosTokenId, onNote }: StageBatchesOptions): FileRows {
  const { promptLength, completionLength } = recipe.data;
  const found = readTrainingRecords(path);
  for (const { where, reason } of found.leftOut.slice(0, SHOWN)) onNote(`Left out ${where} of ${path}: ${reason}`);
  const more = found.leftOut.length - SHOWN;
  if (more > 0) onNote(`Left out ${more} more ${more === 1 ? "line" : "lines"} of ${path}.`);
  if (found.kind === "text") {
    const layout = { promptLength: 0, completionLength: promptLength + completionLength, padTokenId };
    const texts = found.records.map(({ text }) => tokenizer.encode(text));
    const rows = [...packRows(texts, { length: layout.completionLength, separatorId: eosTokenId })];
    const tokens = texts.reduce((sum, { length }) => sum + length + 1, 0);
    if (rows.length === 0) throw tooShort(path, `${tokens} tokens of text, which fill no row of ${layout.completionLength}`);
    return { rows: rows.map((completionIds) => ({ promptIds: [], completionIds })), layout, isText: true };
  }
  const layout = { promptLength, completionLength, padTokenId };
  const all = found.records.map((record) => encodePair(record, tokenizer));
  const rows = all.filter((row) => fits(row, layout));
  if (rows.length === 0)
    throw tooShort(path, `no example that fits ${promptLength} prompt and ${completionLength} completion tokens, of ${all.length}`);
  if (rows.length < all.length)
    onNote(`Left out ${all.length - rows.length} of ${all.length} examples of ${path}: longer than data.promptLength or data.completionLength.`);
  return { rows, layout, isText: false };
}

/** Lines that are named; more would only push the first ones off the screen. */
const SHOWN = 5;

function tooShort(path: string, what: string): FileError {
  return new FileError({ path, problem: `holds ${what}`, wayOut: "Change data.promptLength and data.completionLength, or give more data." });
}

/** The order of each epoch. The last one asked for is kept, since batches are asked for one after the other. */
function epochOrders(count: number, random: Random): (epoch: number) => readonly number[] {
  let kept: { epoch: number; order: number[] } | undefined;
  return (epoch) => {
    if (kept?.epoch !== epoch) kept = { epoch, order: shuffled(count, random.split("order", epoch)) };
    return kept.order;
  };
}

function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(0, i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
