import type { Operation, Slot } from "./operation.ts";
import { operations, slots } from "./operations.ts";

/** One or more operations in the order of the slots, at most one of each. */
export type Pipeline = readonly Operation[];

/** What the function returns for `xs`: a list, or an integer if the pipeline aggregates. */
export function runPipeline(pipeline: Pipeline, xs: readonly number[]): number[] | number {
  let value: readonly number[] | number = xs;
  for (const operation of pipeline) value = operation.apply(value as readonly number[]);
  return typeof value === "number" ? value : [...value];
}

/** Operation names without constants: the unit of hold-out. */
export const skeletonOf = (pipeline: Pipeline): string => pipeline.map(({ name }) => name).join(" > ");

/** Operation names with their constants: tells all pipelines apart. */
export const keyOf = (pipeline: Pipeline): string => pipeline.map(({ key }) => key).join(" > ");

/** All pipelines of a depth, in a fixed order. */
export function pipelinesOfDepth(depth: number): Pipeline[] {
  const choose = (from: number, left: number): Slot[][] =>
    left === 0 ? [[]] : slots.slice(from).flatMap((slot, i) => choose(from + i + 1, left - 1).map((rest) => [slot, ...rest]));
  return choose(0, depth).flatMap((chosen) =>
    chosen.reduce<Operation[][]>((heads, slot) => heads.flatMap((head) => operations[slot].map((operation) => [...head, operation])), [[]]),
  );
}

/** Lists that tell pipelines apart: two with the same outputs on all of them count as the same task. */
export const probes: readonly (readonly number[])[] = makeProbes();

function makeProbes(): number[][] {
  // A small linear congruential generator: the probes are part of the data's definition and never change.
  let state = 12345;
  const next = (low: number, high: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return low + ((state >> 8) % (high - low + 1));
  };
  const random = Array.from({ length: 34 }, (_, i) => Array.from({ length: 3 + (i % 8) }, () => (i % 3 === 0 ? next(-30, 40) : next(-9, 15))));
  return [[], [5], [0], [-7], [3, 3, 3], [10, 2, 7, 5, 1], ...random];
}

/** The outputs on all probes, as one string. */
export function behaviourOf(pipeline: Pipeline): string {
  return probes.map((probe) => JSON.stringify(runPipeline(pipeline, probe))).join(";");
}
