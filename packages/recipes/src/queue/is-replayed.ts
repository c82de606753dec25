// Which results are computed once more.
import { randomInt } from "node:crypto";

/** Whether a result is computed once more, with a probability of `share`. Drawn from no stream: a worker must not be able to tell. */
export function isReplayed(share: number): boolean {
  return randomInt(2 ** 32) < share * 2 ** 32;
}
