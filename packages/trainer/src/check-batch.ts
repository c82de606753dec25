// A pretraining batch comes from a caller's function and goes into a graph, where a wrong id would be read as another token.
import { InvalidArgumentError } from "@diffucoder/core";
import { checkTokenIds } from "@diffucoder/diffusion";
import type { TrainingBatch } from "./batches.ts";

/**
 * Checks a batch before it is used.
 *
 * @param at what the batch is called in the error
 * @param vocabSize V. @default unknown: only values that cannot be ids are refused
 * @throws {InvalidArgumentError} if a size, an id or a mask is wrong
 */
export function checkBatch(batch: TrainingBatch, at: string, vocabSize?: number): void {
  if (typeof batch !== "object" || batch === null) throw new InvalidArgumentError({ argument: at, value: batch, expected: "a TrainingBatch" });
  const { batchSize, sequenceLength, promptLength, inputIds } = batch;
  for (const [name, value, least, most] of [
    ["batchSize", batchSize, 1, Infinity],
    ["sequenceLength", sequenceLength, 2, Infinity],
    ["promptLength", promptLength, 0, sequenceLength - 1],
  ] as const)
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError({
        argument: `${at}.${name}`,
        value,
        expected: most === Infinity ? `an integer of at least ${least}` : `an integer from ${least} to ${most}, before sequenceLength`,
      });
  const size = batchSize * sequenceLength;
  checkTokenIds(`${at}.inputIds`, inputIds, vocabSize);
  for (const name of ["inputIds", "attentionMask", "completionMask"] as const) {
    const length: unknown = batch[name]?.length;
    if (length !== size)
      throw new InvalidArgumentError({
        argument: `${at}.${name}`,
        value: `${String(length)} numbers`,
        expected: `${size} numbers, batchSize * sequenceLength`,
      });
  }
  for (const name of ["attentionMask", "completionMask"] as const) {
    const bad = batch[name].findIndex((value) => value !== 0 && value !== 1);
    if (bad !== -1) throw new InvalidArgumentError({ argument: `${at}.${name}[${bad}]`, value: batch[name][bad], expected: "0 or 1" });
  }
}
