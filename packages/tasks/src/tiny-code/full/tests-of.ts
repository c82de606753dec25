// Tests of a program: inputs chosen so that near misses, programs with one choice changed or left out, fail.
import type { Random } from "@diffucoder/core";
import { chooseInputs } from "../choose-inputs.ts";
import type { Choices, Value } from "./choice.ts";
import { type Family, nearMissesOf, type Parameter } from "./family.ts";

/** Arguments, and what a right solution returns. */
export type Call = [args: Value[], expected: Value];

/** Inputs to choose from, at least. */
const CANDIDATES = 64;

/** Tests of a program; no input is in both lists. */
export function testsOf(
  family: Family,
  choices: Choices,
  { visible, hidden, random }: { visible: number; hidden: number; random: Random },
): { visible: Call[]; hidden: Call[] } {
  const candidates = drawArguments(family.parameters, Math.max(CANDIDATES, 2 * (visible + hidden)), random);
  const answers = (one: Choices): string[] => candidates.map((args) => JSON.stringify(family.run(one, args)));
  const outputs = answers(choices);
  const caught = nearMissesOf(family, choices).map((miss) => answers(miss).map((answer, i) => answer !== outputs[i]));
  const calls = chooseInputs(outputs, caught, visible + hidden).map((i): Call => [candidates[i]!, family.run(choices, candidates[i]!)]);
  return { visible: calls.slice(0, visible), hidden: calls.slice(visible) };
}

const WORDS = [
  "level",
  "Sea",
  "eel",
  "BANANA",
  "a",
  "tree",
  "Otto",
  "x",
  "stop",
  "fame",
  "lol",
  "Easy",
  "moss",
  "12",
  "7",
  "408",
  "to",
  "art.",
  "A1b2",
  "noon,",
];

const DRAW: Readonly<Record<Parameter, (random: Random) => Value>> = {
  xs: (random) => {
    const kind = random.uniform();
    const few = Array.from({ length: 3 }, () => random.integer(-8, 16)); // so that values repeat
    const one = (): number => (kind < 0.3 ? random.integer(-40, 61) : kind < 0.6 ? random.choice(few) : random.integer(-8, 16));
    return Array.from({ length: random.integer(2, 11) }, one);
  },
  s: (random) => Array.from({ length: random.integer(1, 5) }, () => random.choice(WORDS)).join(" "),
  n: (random) => random.integer(0, random.uniform() < 0.5 ? 40 : 200),
  k: (random) => random.integer(1, 7),
};

const EDGES: Readonly<Record<Parameter, readonly Value[]>> = { xs: [[], [4]], s: ["", "a"], n: [0, 1], k: [1, 2] };

/** Distinct arguments; the first ones are the edges. */
function drawArguments(parameters: readonly Parameter[], count: number, random: Random): Value[][] {
  const drawn = new Map<string, Value[]>();
  const add = (args: Value[]): unknown => drawn.set(JSON.stringify(args), args);
  for (const i of [0, 1]) add(parameters.map((parameter) => EDGES[parameter][i]!));
  while (drawn.size < count) add(parameters.map((parameter) => DRAW[parameter](random)));
  return [...drawn.values()];
}
