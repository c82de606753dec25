// Which programs exist and where each may be used. A program that behaves like an easier or an earlier one is left out, so no held-out task is a
// training task in other words. The unit of hold-out is the skeleton: the family and the names of the choices without their constants.
import { createHash } from "node:crypto";
import { behaviourOf } from "./behaviour.ts";
import { type Choices, present } from "./choice.ts";
import { families } from "./families.ts";
import { choicesAt, type Family, programsOf } from "./family.ts";

/**
 * What a task may be used for. The test sets: known pairs of operations in a new combination (recomb), a pair that no training task has (pair), a known
 * skeleton with new constants (const), pipelines longer than any in training (depth), held-out sentences and synonyms (phrase).
 */
export type FullSplit = "train" | "dev" | "test-recomb" | "test-pair" | "test-const" | "test-depth" | "test-phrase";

/** Those for the final figures. */
export const TEST_SETS = ["test-recomb", "test-pair", "test-const", "test-depth", "test-phrase"] as const satisfies readonly FullSplit[];

/** Every part. */
export const FULL_SPLITS: readonly FullSplit[] = ["train", "dev", ...TEST_SETS];

/** The programs of a family, as columns. */
export interface Places {
  /** Number of each program's combination, for `choicesAt`. */
  readonly indexes: Uint32Array;
  readonly tiers: Uint8Array;
  /** Positions in `FULL_SPLITS`. */
  readonly splits: Uint8Array;
}

const hashOf = (text: string): number => createHash("sha256").update(text).digest().readUInt32BE(0) % 100;
const namesOf = (choices: Choices): string[] => present(choices).flatMap(({ name }) => (name === "" ? [] : [name]));
const pairsOf = (names: readonly string[]): string[] => names.slice(1).map((name, i) => `${names[i]} > ${name}`);

/** Family and names of the choices without constants. */
export function skeletonOf({ name, twin }: Family, choices: Choices): string {
  return `${twin ?? name}: ${namesOf(choices).join(" > ")}`;
}

/** Family and names of the choices with their constants. */
export function keyOf({ name, twin }: Family, choices: Choices): string {
  return `${twin ?? name}: ${present(choices)
    .map(({ key }) => key)
    .join(" > ")}`;
}

/** Percent of the pairs of neighbouring operations that no training task has, in any family. */
const HELD_OUT_PAIRS = 4;
/** Percent of the programs of training skeletons, among those with constants, that are tests of new constants. */
const HELD_OUT_CONSTANTS = 5;
const isHeldOutPair = (pair: string): boolean => hashOf(`pair: ${pair}`) < HELD_OUT_PAIRS;

interface Kept {
  readonly index: number;
  readonly tier: number;
  readonly skeleton: string;
}

interface Group {
  readonly waiting: Family[];
  readonly seen: Set<number>;
}

const groups = new Map<string, Group>();
const known = new Map<string, Places>();

/**
 * The programs of a family and their places in the splits. Families with the same parameters are placed one after the other, since a later one leaves
 * out what an earlier one has; that is done once in a process.
 */
export function placesOf(family: Family): Places {
  if (family.twin !== undefined) return placesOf(families.find(({ name }) => name === family.twin)!);
  const parameters = family.parameters.join(" ");
  const alike = (one: Family): boolean => one.twin === undefined && one.parameters.join(" ") === parameters;
  const group = groups.get(parameters) ?? { waiting: families.filter(alike), seen: new Set<number>() };
  groups.set(parameters, group);
  while (!known.has(family.name)) {
    const next = group.waiting.shift()!;
    known.set(next.name, place(next, group.seen));
  }
  return known.get(family.name)!;
}

function place(family: Family, seen: Set<number>): Places {
  const kept: Kept[] = [];
  const namesBySkeleton = new Map<string, string[]>();
  for (const { index, tier } of programsOf(family)) {
    const choices = choicesAt(family, index);
    const behaviour = behaviourOf(family, choices);
    if (seen.has(behaviour)) continue;
    seen.add(behaviour);
    const skeleton = skeletonOf(family, choices);
    if (!namesBySkeleton.has(skeleton)) namesBySkeleton.set(skeleton, namesOf(choices));
    kept.push({ index, tier, skeleton });
  }
  const skeletonSplits = splitSkeletons(family, namesBySkeleton);
  const splits = withNewConstants(
    family,
    kept,
    kept.map(({ skeleton }) => skeletonSplits.get(skeleton)!),
  );
  return {
    indexes: Uint32Array.from(kept, ({ index }) => index),
    tiers: Uint8Array.from(kept, ({ tier }) => tier),
    splits: Uint8Array.from(splits, (split) => FULL_SPLITS.indexOf(split)),
  };
}

/** A single operation is always training: a model cannot know one that it has never seen. */
function splitSkeletons(family: Family, skeletons: ReadonlyMap<string, string[]>): Map<string, FullSplit> {
  const splits = new Map<string, FullSplit>();
  for (const [skeleton, names] of skeletons) {
    const bucket = hashOf(skeleton);
    if (family.name === "deep-lists") splits.set(skeleton, "test-depth");
    else if (names.length === 1) splits.set(skeleton, "train");
    else if (pairsOf(names).some(isHeldOutPair)) splits.set(skeleton, "test-pair");
    else splits.set(skeleton, bucket < 80 ? "train" : bucket < 90 ? "dev" : bucket < 96 ? "test-recomb" : "test-phrase");
  }
  const trained = new Set([...skeletons].flatMap(([skeleton, names]) => (splits.get(skeleton) === "train" ? pairsOf(names) : [])));
  for (const [skeleton, names] of skeletons) {
    const isTest = splits.get(skeleton) === "test-recomb" || splits.get(skeleton) === "test-phrase";
    if (isTest && !pairsOf(names).every((pair) => trained.has(pair))) splits.set(skeleton, "dev");
  }
  return splits;
}

/** Some programs of the training skeletons become tests of new constants, as long as the skeleton keeps others. */
function withNewConstants(family: Family, kept: readonly Kept[], splits: readonly FullSplit[]): FullSplit[] {
  const isChosen = kept.map(({ index }, i) => {
    if (splits[i] !== "train") return false;
    const choices = choicesAt(family, index);
    const hasConstant = present(choices).some(({ name, key }) => name !== key);
    return hasConstant && hashOf(`constants: ${keyOf(family, choices)}`) < HELD_OUT_CONSTANTS;
  });
  const stays = new Set(kept.filter((_, i) => splits[i] === "train" && !isChosen[i]).map(({ skeleton }) => skeleton));
  return splits.map((split, i) => (isChosen[i]! && stays.has(kept[i]!.skeleton) ? "test-const" : split));
}
