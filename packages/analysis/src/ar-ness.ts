// AR-ness (DiffuCoder, arXiv 2506.20639, section 3 and Appendix A.2), p_1..p_T the order in which positions are revealed:
//   I_local(t, k)  = [{p_(t-1), ..., p_(t-k)} = {p_t - 1, ..., p_t - k}]          next-token prediction
//   I_global(t, k) = [p_t is among the k smallest positions still masked]         the earliest mask
//   AR-ness@k = (1/T) sum_t I(t, k);  1 for left to right, where the prompt counts as revealed.
// Differs: 1. whether the prompt does is an option: the paper's "1 for left to right" needs it, its formula gives (T - k) / T without.
// 2. A.2 compares sets, the caption of Fig. 3 wants an increasing run: an option.  3. the paper has one token a step; of several, the surest
// comes first, or they are a tie: each is compared with the state before its step, and "the last k" are the latest whole steps with k positions.
import { InvalidArgumentError } from "@diffucoder/core";
import type { DecodingOrder } from "./decoding-order.ts";

/** How several positions of a step are ordered: the surest first, or not at all. */
export type WithinStep = "confidence" | "tie";

/** Conventions of global AR-ness. */
export interface GlobalArNessOptions {
  /** How many masks from the left count as the earliest; positive. */
  k: number;
  /** How several positions of a step are ordered. @default "confidence" */
  withinStep?: WithinStep;
}

/** Conventions of local AR-ness. */
export interface LocalArNessOptions {
  /** Positions directly to the left that have to be the last ones revealed; positive. */
  k: number;
  /** How several positions of a step are ordered. @default "confidence" */
  withinStep?: WithinStep;
  /** `"set"`: in any order, Appendix A.2; `"run"`: from left to right, the caption of Figure 3. @default "set" */
  rule?: "set" | "run";
  /** Whether the prompt counts as revealed from left to right before the first step. @default "revealed" */
  prompt?: "revealed" | "absent";
}

/**
 * Share of reveals that directly follow the reveals of the `k` positions to their left. Falls with `k`.
 *
 * @returns a number in [0, 1]; with the prompt revealed, 1 for an order from left to right
 * @throws {InvalidArgumentError} if `k` is not a positive integer, or nothing was revealed
 * @example
 * localArNess({ length: 4, steps: [[0], [1], [3], [2]] }, { k: 1 }); // 0.5
 */
export function localArNess(order: DecodingOrder, { k, withinStep = "confidence", rule = "set", prompt = "revealed" }: LocalArNessOptions): number {
  const given = prompt === "revealed" ? Array.from({ length: k }, (_, i) => [i - k]) : [];
  const groups = [...given, ...groupsOf(order, { k, withinStep })];
  const groupOf = new Map(groups.flatMap((group, i) => group.map((position) => [position, i] as const)));
  return meanOver(groups.slice(given.length), (position) => {
    const group = groupOf.get(position)!;
    const latest = latestOf(groups, group, k);
    const left = Array.from({ length: k }, (_, i) => position - 1 - i);
    if (latest === undefined || !left.every((one) => latest.has(one))) return false;
    return rule === "set" || left.every((one, i) => i === 0 || groupOf.get(one)! <= groupOf.get(left[i - 1]!)!);
  });
}

/**
 * Share of reveals that are among the `k` leftmost masks. Rises with `k`.
 *
 * @returns a number in [0, 1]; 1 for an order from left to right
 * @throws {InvalidArgumentError} if `k` is not a positive integer, or nothing was revealed
 * @example
 * globalArNess({ length: 4, steps: [[0], [1], [3], [2]] }, { k: 1 }); // 0.75
 */
export function globalArNess(order: DecodingOrder, { k, withinStep = "confidence" }: GlobalArNessOptions): number {
  const groups = groupsOf(order, { k, withinStep });
  const groupOf = new Map(groups.flatMap((group, i) => group.map((position) => [position, i] as const)));
  return meanOver(groups, (position) => {
    const group = groupOf.get(position)!;
    let masksBefore = 0;
    for (let other = 0; other < position && masksBefore < k; other++) if ((groupOf.get(other) ?? Infinity) >= group) masksBefore++;
    return masksBefore < k;
  });
}

/**
 * What `globalArNess` is on average for orders drawn at random, the other end of its scale: `(1/T) sum_m min(1, k / m)`.
 *
 * @throws {InvalidArgumentError} if `length` or `k` is not a positive integer
 */
export function randomGlobalArNess({
  length,
  k,
}: {
  /** Positions of the completion, T. */
  length: number;
  /** As of `globalArNess`. */
  k: number;
}): number {
  checkPositive("length", length);
  checkPositive("k", k);
  let sum = 0;
  for (let masks = 1; masks <= length; masks++) sum += Math.min(1, k / masks);
  return sum / length;
}

/** Positions that count as revealed at one time: those of a step, or one each. */
function groupsOf(order: DecodingOrder, { k, withinStep }: { k: number; withinStep: WithinStep }): readonly (readonly number[])[] {
  checkPositive("k", k);
  if (order.steps.every((step) => step.length === 0))
    throw new InvalidArgumentError({ argument: "order", value: order.steps, expected: "an order of at least one position" });
  return withinStep === "tie" ? order.steps : order.steps.flat().map((position) => [position]);
}

/** The latest whole groups before one that have at least `k` positions together; undefined if there are not so many. */
function latestOf(groups: readonly (readonly number[])[], before: number, k: number): Set<number> | undefined {
  const latest = new Set<number>();
  for (let i = before - 1; i >= 0 && latest.size < k; i--) for (const position of groups[i]!) latest.add(position);
  return latest.size < k ? undefined : latest;
}

function meanOver(groups: readonly (readonly number[])[], isOne: (position: number) => boolean): number {
  const positions = groups.flat();
  return positions.filter(isOne).length / positions.length;
}

function checkPositive(argument: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError({ argument, value, expected: "a positive integer" });
}
