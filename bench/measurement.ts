/** One line of the results. `ratio` is ours by the peer's: below 1 is faster for times, above 1 for rates. */
export interface Measurement {
  suite: string;
  name: string;
  ours: number;
  peer: number | null;
  /** `null` where there is no peer, or it is not installed. */
  peerName: string | null;
  ratio: number | null;
  unit: string;
}

/** What a measurement is held to, for the table. */
export interface Target {
  of: "ours" | "ratio";
  atMost?: number;
  atLeast?: number;
}

export interface Result extends Measurement {
  target?: Target | undefined;
  /** Smallest and largest of our rounds. */
  spread?: readonly [number, number] | undefined;
  note?: string | undefined;
}

export function measured(result: Omit<Result, "ratio" | "peer" | "peerName"> & { peer?: number | undefined; peerName?: string | undefined }): Result {
  const { peer, peerName, ...rest } = result;
  return {
    ...rest,
    peer: peer ?? null,
    peerName: peer === undefined ? null : (peerName ?? null),
    ratio: peer === undefined ? null : result.ours / peer,
  };
}

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("median wants at least one value");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export function extent(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/** Whether a result meets its target; `undefined` if it has none, or no peer to be compared with. */
export function isMet({ target, ours, ratio }: Result): boolean | undefined {
  const value = target?.of === "ratio" ? ratio : ours;
  if (target === undefined || value === null) return undefined;
  return (target.atMost === undefined || value <= target.atMost) && (target.atLeast === undefined || value >= target.atLeast);
}

/**
 * Times two contenders in turns, so that what the machine does meanwhile hits both alike.
 *
 * @param rounds measured turns; one more of each goes before, unmeasured
 * @returns milliseconds of each round
 */
export async function inTurns(contenders: Readonly<Record<string, () => Promise<number>>>, rounds: number): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, run] of Object.entries(contenders)) {
      const milliseconds = await run();
      if (round >= 0) times[name]?.push(milliseconds);
    }
  }
  return times;
}

/** Milliseconds of an action. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}
