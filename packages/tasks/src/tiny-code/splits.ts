import { createHash } from "node:crypto";
import { behaviourOf, keyOf, type Pipeline, pipelinesOfDepth, skeletonOf } from "./pipeline.ts";

/** What a task may be used for: training, choices made while developing, or the final figure. */
export type Split = "train" | "dev" | "test";

/** A pipeline that no shorter or earlier one duplicates, and where it may be used. */
export interface PlacedPipeline {
  /** Its operations, in the order in which they apply. */
  pipeline: Pipeline;
  /** Operation names without constants: the unit of hold-out. */
  skeleton: string;
  /** Operation names with their constants: tells all pipelines apart. */
  key: string;
  /** Number of operations: tier T1 is depth 1, and so on. */
  depth: number;
  /** Where it may be used. */
  split: Split;
}

/**
 * Where a skeleton belongs: sha256 mod 100 below 80 is training, below 90 development, the rest test. Single operations
 * are always training: a model cannot know an operation it has never seen.
 */
export function splitOf(skeleton: string): Split {
  if (!skeleton.includes(" > ")) return "train";
  const bucket = createHash("sha256").update(skeleton).digest().readUInt32BE(0) % 100;
  return bucket < 80 ? "train" : bucket < 90 ? "dev" : "test";
}

const placed = new Map<number, readonly PlacedPipeline[]>();

/**
 * All pipelines up to a depth, without behavioural duplicates (same outputs on all probes; the shortest and first is
 * kept), so that no held-out task is a training task in other words.
 */
export function placedPipelines(maxDepth: number): readonly PlacedPipeline[] {
  const known = placed.get(maxDepth);
  if (known) return known;
  const seen = new Set<string>();
  const result: PlacedPipeline[] = [];
  for (let depth = 1; depth <= maxDepth; depth++) {
    for (const pipeline of pipelinesOfDepth(depth)) {
      const behaviour = createHash("sha1").update(behaviourOf(pipeline)).digest("base64");
      if (seen.has(behaviour)) continue;
      seen.add(behaviour);
      const skeleton = skeletonOf(pipeline);
      result.push({ pipeline, skeleton, key: keyOf(pipeline), depth, split: splitOf(skeleton) });
    }
  }
  placed.set(maxDepth, result);
  return result;
}
