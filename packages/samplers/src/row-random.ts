// The stream of each row of a run, and what stands for it where none was given.
import { InvalidArgumentError, type Random } from "@diffucoder/core";

/**
 * One stream for each of `count` rows.
 *
 * @param random one for each row, or one from which they are split by row; `undefined`: nothing may be drawn
 * @throws {InvalidArgumentError} if there are more or fewer streams than rows
 */
export function rowStreams(random: Random | readonly Random[] | undefined, count: number): Random[] {
  if (random === undefined) return Array.from({ length: count }, () => NOTHING_TO_DRAW);
  if (!isStreams(random)) return Array.from({ length: count }, (_, index) => random.split("row", index));
  if (random.length !== count)
    throw new InvalidArgumentError({ argument: "random", value: `${random.length} streams`, expected: `one stream, or ${count}, one for each row` });
  return [...random];
}

function isStreams(random: Random | readonly Random[]): random is readonly Random[] {
  return Array.isArray(random);
}

const draw = (): never => {
  throw new InvalidArgumentError({
    argument: "random",
    value: undefined,
    expected: "a stream, as this decoder draws",
    wayOut: "Pass createRandom(seed) of @diffucoder/core; only temperature 0 needs none.",
  });
};

/** Stands for a stream that was not given. A decoder splits its stream by name at each step, whether it draws or not. */
export const NOTHING_TO_DRAW: Random = {
  split: () => NOTHING_TO_DRAW,
  uniform: draw,
  normal: draw,
  integer: draw,
  choice: draw,
  shuffle: draw,
  fillUniform: draw,
  fillNormal: draw,
};
