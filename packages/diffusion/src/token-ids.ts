import { InvalidArgumentError } from "@diffucoder/core";

/** Ids are int32 in the engine. */
const MOST_IDS = 2 ** 31;

/**
 * Checks a token id where it enters: the engine would round it, or count a negative one from the end of the vocabulary.
 *
 * @param argument name of the id in errors
 * @param vocabSize V. @default any that the engine can hold
 * @throws {InvalidArgumentError} if it is not an integer in [0, V)
 */
export function checkTokenId(argument: string, id: unknown, vocabSize: number = MOST_IDS): void {
  if (Number.isInteger(id) && (id as number) >= 0 && (id as number) < vocabSize) return;
  throw new InvalidArgumentError({ argument, value: id, expected: `a token id, an integer from 0 to ${vocabSize - 1}` });
}

/**
 * Checks token ids where they enter, as `checkTokenId`.
 *
 * @throws {InvalidArgumentError} naming the first that is not an id, or if they are not a list
 */
export function checkTokenIds(argument: string, ids: ArrayLike<number>, vocabSize?: number): void {
  if (!Array.isArray(ids) && !ArrayBuffer.isView(ids)) throw new InvalidArgumentError({ argument, value: ids, expected: "a list of token ids" });
  for (let i = 0; i < ids.length; i++) checkTokenId(`${argument}[${i}]`, ids[i], vocabSize);
}
