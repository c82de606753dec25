import { InvalidArgumentError } from "@diffucoder/core";

/**
 * Packs token ids of texts into rows of one length: the texts follow each other, each with `separatorId` behind it, and the stream is cut every
 * `length` tokens, so a text may run on in the next row. The tokens that do not fill a row at the end are dropped.
 *
 * @param texts token ids of each text; taken as the rows are asked for
 * @throws {InvalidArgumentError} if `length` is not a positive integer
 * @example
 * [...packRows([[1, 2, 3], [4]], { length: 2, separatorId: 0 })]; // [[1, 2], [3, 0], [4, 0]]
 */
export function* packRows(
  texts: Iterable<readonly number[]>,
  {
    length,
    separatorId,
  }: {
    /** Tokens of a row. */
    length: number;
    /** Id of the token behind each text, usually `<|endoftext|>`. */
    separatorId: number;
  },
): Generator<number[]> {
  if (!Number.isSafeInteger(length) || length < 1)
    throw new InvalidArgumentError({ argument: "length", value: length, expected: "a positive integer" });
  let row: number[] = [];
  for (const text of texts) {
    for (let i = 0; i <= text.length; i++) {
      row.push(i === text.length ? separatorId : text[i]!);
      if (row.length < length) continue;
      yield row;
      row = [];
    }
  }
}
