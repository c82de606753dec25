// How much the orders of several samples of one prompt differ. DiffuCoder (arXiv 2506.20639) says that a higher temperature
// diversifies the order, and shows it in AR-ness alone; these two measure it directly.
import { InvalidArgumentError } from "@diffucoder/core";
import type { DecodingOrder } from "./decoding-order.ts";
import { kendallTau } from "./rank-correlation.ts";

/** How much the orders of several samples differ. */
export interface OrderDiversity {
  /** Mean of Kendall's tau-b over pairs of samples: 1 where all have the same order; positions of one step are tied. undefined if no pair has one. */
  readonly tau: number | undefined;
  /** Entropy of the position that is revealed at each rank, over the samples, mean over ranks; nats, 0 to log(samples). */
  readonly entropy: number;
}

/**
 * Diversity of the orders of samples of one prompt. Two samples are compared where both revealed a position.
 *
 * With few samples the entropy is too low (at most the logarithm of their number): compare it only at equal counts.
 *
 * @throws {InvalidArgumentError} if there are fewer than two orders, or one is empty
 */
export function orderDiversity(orders: readonly DecodingOrder[]): OrderDiversity {
  if (orders.length < 2) throw new InvalidArgumentError({ argument: "orders", value: orders.length, expected: "two orders of one prompt, or more" });
  if (orders.some(({ steps }) => steps.every((step) => step.length === 0)))
    throw new InvalidArgumentError({ argument: "orders", value: "an empty one", expected: "orders of at least one position each" });
  const taus = orders.flatMap((a, i) => orders.slice(0, i).map((b) => orderTau(a, b))).filter((tau) => tau !== undefined);
  return { tau: taus.length === 0 ? undefined : mean(taus), entropy: rankEntropy(orders.map(({ steps }) => steps.flat())) };
}

/** Kendall's tau-b of two orders over the positions that both revealed. */
export function orderTau(a: DecodingOrder, b: DecodingOrder): number | undefined {
  const [timesA, timesB] = [timesOf(a), timesOf(b)];
  const common = [...timesA.keys()].filter((position) => timesB.has(position));
  return kendallTau(
    common.map((position) => timesA.get(position)!),
    common.map((position) => timesB.get(position)!),
  );
}

function timesOf({ steps }: DecodingOrder): Map<number, number> {
  return new Map(steps.flatMap((step, time) => step.map((position) => [position, time] as const)));
}

/** Over the ranks that every sample has. */
function rankEntropy(orders: readonly (readonly number[])[]): number {
  const ranks = Math.min(...orders.map(({ length }) => length));
  return mean(Array.from({ length: ranks }, (_, rank) => entropyOf(orders.map((order) => order[rank]!))));
}

function entropyOf(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / values.length) * Math.log(count / values.length), 0);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
