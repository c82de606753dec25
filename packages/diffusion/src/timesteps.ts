import { InvalidArgumentError, type Random } from "@diffucoder/core";

/**
 * Timesteps `t = (1 - eps) u + eps`, `u ~ U[0, 1)`, one for each row of a batch; row `b` draws from the stream
 * `random.split(b)`. A token is masked with probability `t`. As in LLaDA and DiffuLLaMA.
 *
 * @throws {InvalidArgumentError} if `eps` is not in (0, 1]
 */
export function drawTimesteps({
  count,
  random,
  eps = 1e-3,
}: {
  /** How many, one for each row. */
  count: number;
  /** Stream that is split by row. It does not advance. */
  random: Random;
  /** Smallest timestep, in (0, 1]: the loss is weighted with 1/t. @default 1e-3 */
  eps?: number;
}): number[] {
  checkEps(eps);
  return Array.from({ length: count }, (_, row) => (1 - eps) * random.split(row).uniform() + eps);
}

/**
 * One timestep in each of `count` equal parts of [eps, 1), all shifted by the same draw. Each is distributed as those of
 * `drawTimesteps`; together they cover the range evenly, which lowers the variance of the loss.
 *
 * @throws {InvalidArgumentError} if `eps` is not in (0, 1]
 */
export function stratifiedTimesteps({
  count,
  random,
  eps = 1e-3,
}: {
  /** How many, one for each part of the range. */
  count: number;
  /** Stream of the one draw. */
  random: Random;
  /** Smallest timestep, in (0, 1]. @default 1e-3 */
  eps?: number;
}): number[] {
  checkEps(eps);
  const offset = random.uniform();
  return Array.from({ length: count }, (_, i) => (1 - eps) * (((offset + i) / count) % 1) + eps);
}

function checkEps(eps: number): void {
  if (!(eps > 0 && eps <= 1)) throw new InvalidArgumentError({ argument: "eps", value: eps, expected: "a number in (0, 1]" });
}
