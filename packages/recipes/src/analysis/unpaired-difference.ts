import type { Random } from "@diffucoder/core";
import type { Interval } from "@diffucoder/eval";

const RESAMPLES = 10_000;

/** `statistic(b) - statistic(a)` of two independent lists, with a 95 % percentile-bootstrap interval: each list is resampled by itself. */
export function unpairedDifference(
  a: readonly number[],
  b: readonly number[],
  { statistic, random }: { statistic: (values: readonly number[]) => number; random: Random },
): { difference: number; interval95: Interval } {
  const resample = (values: readonly number[]): number[] => values.map(() => values[Math.floor(random.uniform() * values.length)]!);
  const differences = Array.from({ length: RESAMPLES }, () => statistic(resample(b)) - statistic(resample(a))).toSorted((x, y) => x - y);
  const at = (share: number): number => differences[Math.round(share * (RESAMPLES - 1))]!;
  return { difference: statistic(b) - statistic(a), interval95: [at(0.025), at(0.975)] };
}
