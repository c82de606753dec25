// The figures of the data card, docs/tinycode-card.md.
import { createHash } from "node:crypto";
import { createRandom } from "@diffucoder/core";
import type { WordGrams } from "../../contamination/word-grams.ts";
import { behaviourOf } from "./behaviour.ts";
import { type Choices, present } from "./choice.ts";
import { families } from "./families.ts";
import { choicesAt, type Family, nearMissesOf, STYLES } from "./family.ts";
import { FULL_SPLITS, type FullSplit, placesOf, skeletonOf } from "./places.ts";
import { testsOf } from "./tests-of.ts";
import { textOf } from "./text.ts";

/** What is counted of a family. */
export interface FamilyFigures {
  /** Its name. */
  readonly family: string;
  /** Programs that behave like no earlier one. */
  readonly programs: number;
  /** Of those, by part. */
  readonly splits: Readonly<Record<FullSplit, number>>;
  /** Skeletons, and how many training ones the rarest operation has. */
  readonly skeletons: number;
  /** Training skeletons of the operation that has the fewest. */
  readonly rarest: number;
  /** First digits of the SHA-256 of its programs with their parts. */
  readonly sha256: string;
}

/** Counts of a family; a twin has those of the family whose programs it shares. */
export function familyFigures(name: string): FamilyFigures {
  const family = families.find((one) => one.name === name)!;
  const { indexes, splits } = placesOf(family);
  const counts = Object.fromEntries(FULL_SPLITS.map((split) => [split, 0])) as Record<FullSplit, number>;
  const hash = createHash("sha256");
  const skeletons = new Set<string>();
  const trained = new Map<string, Set<string>>();
  for (let i = 0; i < indexes.length; i++) {
    const split = FULL_SPLITS[splits[i]!]!;
    counts[split]++;
    hash.update(`${indexes[i]} ${split}\n`);
    const choices = choicesAt(family, indexes[i]!);
    const skeleton = skeletonOf(family, choices);
    skeletons.add(skeleton);
    if (split === "train") for (const one of present(choices)) trained.set(one.name, (trained.get(one.name) ?? new Set()).add(skeleton));
  }
  trained.delete(""); // numbers have no name
  const rarest = Math.min(...[...trained.values()].map(({ size }) => size));
  return {
    family: name,
    programs: indexes.length,
    splits: counts,
    skeletons: skeletons.size,
    rarest: Number.isFinite(rarest) ? rarest : 0,
    sha256: hash.digest("hex").slice(0, 12),
  };
}

/** Near misses of some programs of a family, and how many of them pass the visible tests. */
export function nearMissFigures(
  name: string,
  {
    programs,
  }: {
    /** How many to look at. */
    programs: number;
  },
): { compared: number; passed: number } {
  const family = families.find((one) => one.name === name)!;
  const { indexes } = placesOf(family);
  const random = createRandom(5).split(name);
  const figures = { compared: 0, passed: 0 };
  for (let i = 0; i < programs; i++) {
    const choices = choicesAt(family, indexes[random.integer(0, indexes.length)]!);
    const { visible } = testsOf(family, choices, { visible: 8, hidden: 16, random: random.split("tests", i) });
    for (const miss of nearMissesOf(family, choices)) {
      if (behaviourOf(family, miss) === behaviourOf(family, choices)) continue; // the same task in other words
      figures.compared++;
      if (visible.every(([args, expected]) => JSON.stringify(family.run(miss, args)) === JSON.stringify(expected))) figures.passed++;
    }
  }
  return figures;
}

/** What the checks of the texts found; all of it should be 0. */
export interface TextFigures {
  /** Tasks whose prompt a task of another part has too. */
  sharedPrompts: number;
  /** Tasks whose program, with the same names and in the same style, a task of another part has too. */
  sharedPrograms: number;
  /** Tasks with words in a row of a benchmark. */
  overlaps: number;
}

/** Writes every task of these families once and compares the texts between the parts. */
export function textFigures(names: readonly string[], benchmarks: Pick<WordGrams, "overlap">): TextFigures {
  const prompts = new Map<string, number>();
  const programs = new Map<string, number>();
  const figures = { sharedPrompts: 0, sharedPrograms: 0, overlaps: 0 };
  const isShared = (known: Map<string, number>, text: string, split: number): boolean => {
    const key = createHash("sha1").update(text).digest("base64");
    if (!known.has(key)) known.set(key, split);
    return known.get(key) !== split;
  };
  for (const family of families.filter(({ name }) => names.includes(name))) {
    const { indexes, splits } = placesOf(family);
    for (let i = 0; i < indexes.length; i++) {
      const choices = choicesAt(family, indexes[i]!);
      const random = createRandom(0)
        .split("task", family.twin ?? family.name, indexes[i]!)
        .split("text"); // as fullTinyCodeTasks draws for seed 0
      const phrasing = FULL_SPLITS[splits[i]!] === "test-phrase" ? "held-out" : "usual";
      const { prompt, solution } = textOf(family, choices, { random, phrasing, styles: STYLES });
      if (isShared(prompts, prompt, splits[i]!)) figures.sharedPrompts++;
      if (isShared(programs, plainProgram(family, choices), splits[i]!)) figures.sharedPrograms++;
      if ((benchmarks.overlap(prompt) ?? benchmarks.overlap(solution)) !== undefined) figures.overlaps++;
    }
  }
  return figures;
}

/** The program in one style and with the same names for all. */
function plainProgram(family: Family, choices: Choices): string {
  const look = { style: "comprehension", resultName: "out", elementName: "x" } as const;
  const { code } = family.write(choices, { say: ({ phrases }) => phrases[0]!, look, random: createRandom(0) });
  return "program" in code ? code.program : code.body.join("\n");
}
