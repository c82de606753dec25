// Tasks and examples of the full TinyCode, drawn as they are asked for.
import { createRandom, InvalidArgumentError, type Random } from "@diffucoder/core";
import type { PythonValue } from "@diffucoder/reward-sandbox";
import { visibleTests } from "../../visible-tests.ts";
import type { Example, TinyCodeTask } from "../tasks.ts";
import type { Choices } from "./choice.ts";
import { families } from "./families.ts";
import { choicesAt, type Family, type Style, STYLES } from "./family.ts";
import { FULL_SPLITS, type FullSplit, keyOf, placesOf, skeletonOf } from "./places.ts";
import { drawPool, type FullSelection, type Pool, poolsOf } from "./selection.ts";
import { testsOf } from "./tests-of.ts";
import { type Phrasing, textOf } from "./text.ts";

/** A task of the full TinyCode. */
export interface FullTinyCodeTask extends Omit<TinyCodeTask, "metadata"> {
  /** Where it comes from. */
  readonly metadata: {
    /** How hard it is, 1 to 5. */
    readonly tier: number;
    /** What kind of program it is. */
    readonly family: string;
    /** Family and names of the operations without their constants: what splits are made by. */
    readonly skeleton: string;
    /** Family and names of the operations with their constants. */
    readonly key: string;
    /** What the task may be used for. */
    readonly split: FullSplit;
    /** How its solution is written. */
    readonly style: Style;
  };
}

/** How programs are put into words and code. */
export interface FullTextOptions {
  /** Sentences and synonyms. @default "held-out" for the part test-phrase, else "usual" */
  phrasing?: Phrasing | undefined;
  /** Styles of solutions to draw from. @default all four */
  styles?: readonly Style[] | undefined;
}

/** Which tasks of the full TinyCode to draw. */
export interface FullTinyCodeTasksOptions extends FullSelection, FullTextOptions {
  /** Number of tasks. */
  count: number;
  /** Which tasks, and their wording and tests. */
  seed: number;
  /** Tasks that it refuses are skipped. It sees them before they have tests. @default all are taken */
  accepts?: ((task: Pick<FullTinyCodeTask, "id" | "prompt">) => boolean) | undefined;
}

/** Tests of a task, by number. */
const TESTS = { visible: 8, hidden: 16 };

/**
 * Tasks with tests, drawn without repetition. The same options give the same tasks, and a larger count begins with those of a smaller one.
 *
 * @throws {InvalidArgumentError} for an unknown family, or if there are fewer tasks than asked for
 */
export function fullTinyCodeTasks(options: FullTinyCodeTasksOptions): FullTinyCodeTask[] {
  const { count, seed, accepts = () => true, split } = options;
  const random = createRandom(seed).split("tiny-code-full", split);
  let pools = poolsOf(options).map((pool, i) => ({ ...pool, next: withoutRepetition(pool, random.split("pool", i)) }));
  const tasks: FullTinyCodeTask[] = [];
  while (tasks.length < count) {
    if (pools.length === 0)
      throw new InvalidArgumentError({ argument: "count", value: count, expected: `at most ${tasks.length}, as many tasks as there are` });
    const pool = drawPool(pools, random) as (typeof pools)[number];
    const drawn = pool.next();
    if (drawn === undefined) {
      pools = pools.filter((one) => one !== pool);
      continue;
    }
    const program = { family: pool.family, index: drawn, tier: pool.tier, split: pool.split };
    const head = headOf(program, { ...options, seed });
    if (accepts(head)) tasks.push({ ...head, ...bodyOf(program, { ...options, seed }) });
  }
  return tasks;
}

/** The programs of a pool in a random order that is made as far as it is asked for (Fisher-Yates). */
function withoutRepetition({ indexes }: Pool, random: Random): () => number | undefined {
  const left = Uint32Array.from(indexes);
  let taken = 0;
  return () => {
    if (taken === left.length) return undefined;
    const other = random.integer(taken, left.length);
    [left[taken], left[other]] = [left[other]!, left[taken]!];
    return left[taken++];
  };
}

/** A program and its place. */
interface Program {
  readonly family: Family;
  readonly index: number;
  readonly tier: number;
  readonly split: FullSplit;
}

function textOptions({ split }: Program, { phrasing, styles }: FullTextOptions, random: Random): Parameters<typeof textOf>[2] {
  return { random, phrasing: phrasing ?? (split === "test-phrase" ? "held-out" : "usual"), styles: styles ?? STYLES };
}

type Drawing = FullTextOptions & { seed: number };

const randomOf = ({ family, index }: Program, seed: number): Random => createRandom(seed).split("task", family.twin ?? family.name, index);

function headOf(program: Program, options: Drawing): Pick<FullTinyCodeTask, "id" | "prompt"> {
  const { family, index } = program;
  const choices = choicesAt(family, index);
  const { prompt } = textOf(family, choices, textOptions(program, options, randomOf(program, options.seed).split("text")));
  return { id: idOf(family, choices), prompt: { kind: "text", text: prompt } };
}

function bodyOf(program: Program, options: Drawing): Omit<FullTinyCodeTask, "id" | "prompt"> {
  const { family, index, tier, split } = program;
  const choices = choicesAt(family, index);
  const random = randomOf(program, options.seed);
  const { solution, style } = textOf(family, choices, textOptions(program, options, random.split("text")));
  const { visible, hidden } = testsOf(family, choices, { ...TESTS, random: random.split("tests") });
  return {
    language: "python",
    entryPoint: "f",
    visible: visibleTests({ kind: "calls", calls: visible as [PythonValue[], PythonValue][] }),
    hidden: { kind: "calls", calls: hidden },
    solution,
    metadata: { tier, family: family.name, skeleton: skeletonOf(family, choices), key: keyOf(family, choices), split, style },
  };
}

const slugOf = (key: string | undefined): string => (key === undefined ? "-" : encodeURIComponent(key.replaceAll(" ", "-")));

function idOf({ name }: Family, choices: Choices): string {
  return `tinycode-full/${name}/${choices.map((one) => slugOf(one?.key)).join("/")}`;
}

/**
 * The tasks of these ids, in their order, as `fullTinyCodeTasks` gives them for the same seed, phrasing and styles.
 *
 * @throws {InvalidArgumentError} for an id that no task has
 */
export function fullTinyCodeTasksById(ids: readonly string[], options: Drawing): FullTinyCodeTask[] {
  return ids.map((id) => {
    const program = programOf(id);
    if (program === undefined) throw new InvalidArgumentError({ argument: "ids", value: id, expected: "ids of the full TinyCode's tasks" });
    return { ...headOf(program, options), ...bodyOf(program, options) };
  });
}

function programOf(id: string): Program | undefined {
  const [, name, ...slugs] = id.split("/");
  const family = families.find((one) => one.name === name);
  if (family === undefined || slugs.length !== family.slots.length) return undefined;
  let index = 0;
  for (const [i, slot] of family.slots.entries()) {
    const position = slot.findIndex((one) => slugOf(one?.key) === slugs[i]);
    if (position === -1) return undefined;
    index = index * slot.length + position;
  }
  const { indexes, tiers, splits } = placesOf(family);
  const at = indexes.indexOf(index);
  return at === -1 ? undefined : { family, index, tier: tiers[at]!, split: FULL_SPLITS[splits[at]!]! };
}

/** What `fullExampleStream` draws from. */
export interface FullExampleStreamOptions extends Omit<FullSelection, "split">, FullTextOptions {
  /** A different seed gives different examples. */
  seed: number;
  /** The part to draw from. @default "train" */
  split?: FullSplit | undefined;
}

/**
 * Endless examples: the example of an index is a function of the options and the index alone. Draws a family and a tier, a program, a wording, a style
 * and names.
 *
 * @throws {InvalidArgumentError} for an unknown family, or if nothing is selected
 */
export function fullExampleStream({ seed, split = "train", ...options }: FullExampleStreamOptions): (index: number) => Example {
  const pools = poolsOf({ ...options, split });
  const root = createRandom(seed).split("full-examples", split);
  return (index) => {
    const random = root.split(index);
    const { family, indexes, tier } = drawPool(pools, random);
    const program: Program = { family, index: indexes[random.integer(0, indexes.length)]!, tier, split };
    const { prompt, solution } = textOf(family, choicesAt(family, program.index), textOptions(program, options, random.split("text")));
    return { prompt, solution };
  };
}
