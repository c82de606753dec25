import { availableParallelism } from "node:os";
import { setTimeout } from "node:timers/promises";

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
  peerSpread?: readonly [number, number] | undefined;
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
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
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

/** After a run ONNX Runtime's threads spin for about 40 ms, which would take a processor from whatever is measured next. */
const PAUSE = 100;

/**
 * Times two contenders in turns, so that what the machine does meanwhile hits both alike.
 *
 * @param contenders one that is undefined does not take part
 * @param rounds measured turns; one more of each goes before, unmeasured
 * @param pause before each turn, milliseconds
 * @returns milliseconds of each round
 */
export async function inTurns<Name extends string>(
  contenders: Readonly<Record<Name, (() => Promise<number>) | undefined>>,
  rounds: number,
  pause = PAUSE,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const run = contenders[name];
      if (run === undefined) continue;
      await setTimeout(pause);
      const milliseconds = await run();
      if (round >= 0) times[name].push(milliseconds);
    }
  }
  return times;
}

/** The mean of several runs of an action that gives its own milliseconds. */
export async function meanOf(run: () => Promise<number>, count: number): Promise<number> {
  let total = 0;
  for (let i = 0; i < count; i++) total += await run();
  return total / count;
}

/** Whether two figures of the same computation agree; the rest is rounding. @param rtol by how much of the peer's they may differ */
export function agree(ours: number, peer: number, rtol = 1e-3): boolean {
  return Math.abs(ours - peer) <= rtol * Math.abs(peer);
}

/** Milliseconds of an action. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

/** Milliseconds of an action: of the processor where there is one core, on which nothing else of this process waits busily; else by the clock. */
export async function clock(action: () => Promise<unknown>): Promise<number> {
  if (availableParallelism() > 1) return timed(action);
  const before = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
