import { InvalidArgumentError } from "@diffucoder/core";
import type { Constraint } from "./constraint.ts";

/**
 * Given positions of the completion may only get given tokens; the others may get any.
 *
 * @throws {InvalidArgumentError} if a position may get no token, or one that is not in the vocabulary
 */
export function allowedTokens({
  vocabSize,
  positions,
}: {
  /** Tokens of the vocabulary. */
  vocabSize: number;
  /** The tokens that a position may get, by position in the completion, from 0. */
  positions: ReadonlyMap<number, readonly number[]>;
}): Constraint {
  for (const [position, tokens] of positions) {
    const isToken = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < vocabSize;
    if (tokens.length > 0 && tokens.every(isToken)) continue;
    throw new InvalidArgumentError({ argument: `positions.get(${position})`, value: tokens, expected: `at least one token, all below ${vocabSize}` });
  }
  const { classOf, classCount } = classesOf([...positions.values()], vocabSize);
  const classesAt = new Map([...positions].map(([position, tokens]) => [position, new Set(tokens.map((token) => classOf[token]!))]));
  return {
    tokenClasses: { classOf, classCount },
    allowed: ({ completionStart }, columns) =>
      Uint8Array.from(
        columns.flatMap((column) => {
          const some = classesAt.get(column - completionStart);
          return Array.from({ length: classCount }, (_, group) => (some === undefined || some.has(group) ? 1 : 0));
        }),
      ),
  };
}

/** Tokens that occur in the same sets share a class. */
function classesOf(sets: readonly (readonly number[])[], vocabSize: number): { classOf: Int32Array; classCount: number } {
  const classOf = new Int32Array(vocabSize);
  let classCount = 1;
  for (const set of sets) {
    const split = new Map<number, number>();
    for (const token of new Set(set)) {
      const old = classOf[token]!;
      if (!split.has(old)) split.set(old, classCount++);
      classOf[token] = split.get(old) as number;
    }
  }
  return { classOf, classCount };
}
