// Rows as the sampler lays them out: [left padding][prompt][completion][end token][padding]. The prompt ends at one fixed
// column, so that a completion starts at the same place in every row.
import { DiffuCoderError } from "@diffucoder/core";

/** An example as token ids. */
export interface EncodedExample {
  /** What is given, up to the start of the completion. */
  promptIds: readonly number[];
  /** What is learned, with the token that ends it. */
  completionIds: readonly number[];
}

/** Rows of one training step. */
export interface TrainingBatch {
  /** Token ids, `[B, L]`. */
  inputIds: Int32Array;
  /** `[B, L]`, 0 on the left padding. */
  attentionMask: Int32Array;
  /** `[B, L]`, 1 from the first completion token through the end token. */
  completionMask: Int32Array;
  /** Rows, B. */
  batchSize: number;
  /** Columns of a row, L. */
  sequenceLength: number;
  /** Columns of the prompt; the completion has the rest. */
  promptLength: number;
}

/** The columns of a batch. */
export interface BatchLayout {
  /** Columns of the prompt, tokens; shorter ones are padded on the left. */
  promptLength: number;
  /** Columns of the completion and its end token, tokens; shorter ones are padded on the right. */
  completionLength: number;
  /** Token of the padding. */
  padTokenId: number;
}

/** Encoded examples as the rows of a batch. @throws {DiffuCoderError} with code `"TOO_LONG"` if a row does not fit */
export function layOutRows(rows: readonly EncodedExample[], { promptLength, completionLength, padTokenId }: BatchLayout): TrainingBatch {
  const sequenceLength = promptLength + completionLength;
  const size = rows.length * sequenceLength;
  const batch: TrainingBatch = {
    inputIds: new Int32Array(size).fill(padTokenId),
    attentionMask: new Int32Array(size).fill(1),
    completionMask: new Int32Array(size),
    batchSize: rows.length,
    sequenceLength,
    promptLength,
  };
  rows.forEach(({ promptIds, completionIds }, row) => {
    if (!fits({ promptIds, completionIds }, { promptLength, completionLength })) {
      throw new DiffuCoderError(
        "TOO_LONG",
        `Row ${row} has ${promptIds.length} prompt and ${completionIds.length} completion tokens, the layout has room for ${promptLength} and ${completionLength}.`,
      );
    }
    const start = row * sequenceLength;
    batch.inputIds.set(promptIds, start + promptLength - promptIds.length);
    batch.inputIds.set(completionIds, start + promptLength);
    batch.attentionMask.fill(0, start, start + promptLength - promptIds.length);
    batch.completionMask.fill(1, start + promptLength, start + promptLength + completionIds.length);
  });
  return batch;
}

/** Whether a layout has room for an example. */
export function fits(
  { promptIds, completionIds }: EncodedExample,
  { promptLength, completionLength }: Pick<BatchLayout, "promptLength" | "completionLength">,
): boolean {
  return promptIds.length <= promptLength && completionIds.length <= completionLength;
}

/**
 * Batches from a stream of examples; step `s` uses examples `s * batchSize` on. Examples that do not fit the layout are replaced from a second,
 * third, ... stream, so that a batch stays a function of its step alone.
 */
export function exampleBatches({ example, batchSize, layout }: ExampleBatchesOptions): (step: number) => TrainingBatch {
  const fitting = (index: number): EncodedExample => {
    for (let attempt = 0; attempt < 100; attempt++) {
      const encoded = example(index + attempt * 2 ** 40);
      if (fits(encoded, layout)) return encoded;
    }
    throw new DiffuCoderError(
      "TOO_LONG",
      `None of 100 examples fits ${layout.promptLength} prompt and ${layout.completionLength} completion tokens.`,
    );
  };
  return (step) =>
    layOutRows(
      Array.from({ length: batchSize }, (_, row) => fitting(step * batchSize + row)),
      layout,
    );
}

/** Examples, and how they become batches. */
export interface ExampleBatchesOptions {
  /** The example of an index: a function of it alone. */
  example: (index: number) => EncodedExample;
  /** Rows of a batch. */
  batchSize: number;
  /** Columns of a batch. */
  layout: BatchLayout;
}
