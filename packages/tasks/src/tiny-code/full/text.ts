// A program of the full TinyCode as text: the sentence that asks for it, and a solution in one of the styles. The prompt says neither the style nor
// the names: a model must choose, and stay with its choice.
import type { Random } from "@diffucoder/core";
import { pythonSource } from "@diffucoder/reward-sandbox";
import type { Choice, Choices, Value } from "./choice.ts";
import { type Family, type Parameter, type Style, STYLES } from "./family.ts";

/** Sentences and synonyms that training may use, or the ones that are held out. */
export type Phrasing = "usual" | "held-out";

const GIVEN: Readonly<Record<Parameter, string>> = { xs: "a list xs", s: "a text s", n: "an integer n", k: "an integer k" };

type Frame = (subject: string, parameters: readonly Parameter[]) => string;

const call = (parameters: readonly Parameter[]): string => `f(${parameters.join(", ")})`;
const given = (parameters: readonly Parameter[]): string => parameters.map((parameter) => GIVEN[parameter]).join(" and ");

/** Frames of a prompt. */
export const FRAMES: Readonly<Record<Phrasing, readonly Frame[]>> = {
  usual: [
    (subject) => `Return ${subject}.`,
    (subject, parameters) => `Write ${call(parameters)} that returns ${subject}.`,
    (subject, parameters) => `Given ${given(parameters)}, return ${subject}.`,
    (subject, parameters) => `${call(parameters)} gives ${subject}.`,
    (subject, parameters) => `The result of ${call(parameters)} is ${subject}.`,
  ],
  "held-out": [
    (subject, parameters) => `Called with ${given(parameters)}, the function f should answer with ${subject}.`,
    (subject, parameters) => `I need a function ${call(parameters)}: ${subject}.`,
  ],
};

/** Synonyms that training never has, by the name of the choice; `k` is its constant. */
const HELD_OUT_SYNONYMS: Readonly<Record<string, (k: string) => string>> = {
  sum: () => "the combined value",
  count: () => "the quantity",
  maximum: () => "the greatest",
  minimum: () => "the least",
  last: () => "the final one",
  even: () => "leave no remainder when halved",
  odd: () => "leave a remainder when halved",
  positive: () => "exceed zero",
  negative: () => "fall short of zero",
  greater: (k) => `exceed ${k}`,
  less: (k) => `fall short of ${k}`,
  double: () => "each taken two times",
  add: (k) => `with ${k} added`,
  subtract: (k) => `with ${k} taken away`,
  multiply: (k) => `each taken ${k} times`,
  sorted: () => "from low to high",
  descending: () => "from high to low",
  distinct: () => "with duplicates removed",
  "greater than k": () => "exceed k",
  "plus k": () => "with k added",
  "times k": () => "each taken k times",
  "upper case": () => "in capitals throughout",
  length: () => "the extent",
};

function phraseOf({ name, key, phrases }: Choice, phrasing: Phrasing, random: Random): string {
  const heldOut = phrasing === "held-out" ? HELD_OUT_SYNONYMS[name] : undefined;
  return heldOut === undefined ? random.split(key).choice(phrases) : heldOut(key.slice(name.length + 1));
}

/** How a program is put into words and code. */
export interface TextOptions {
  readonly random: Random;
  readonly phrasing: Phrasing;
  /** Styles to draw from. */
  readonly styles: readonly Style[];
}

/** A prompt and a right solution, which ends with a newline. */
export interface ProgramText {
  readonly prompt: string;
  readonly solution: string;
  readonly style: Style;
}

/** Writes a program: the same random stream gives the same text. */
export function textOf(family: Family, choices: Choices, { random, phrasing, styles }: TextOptions): ProgramText {
  const style = random.split("style").choice(styles);
  const look = {
    style: style === "guard" ? random.split("guarded").choice(STYLES.filter((one) => one !== "guard")) : style,
    resultName: random.split("result").choice(["out", "res", "ys"]),
    elementName: random.split("element").choice(family.elementNames ?? ["x", "n", "v"]),
  };
  const say = (one: Choice): string => phraseOf(one, phrasing, random.split("phrase"));
  const { subject, note = "", code } = family.write(choices, { say, look, random });
  const frame = random.split("frame").choice(FRAMES[phrasing]);
  const guard = style === "guard" ? guardOf(family, choices) : [];
  return {
    prompt: `${frame(subject, family.parameters)}${note}`,
    solution: "program" in code ? code.program : functionOf(family.parameters, [...guard, ...code.body]),
    style: style === "guard" && (guard.length === 0 || "program" in code) ? look.style : style,
  };
}

function functionOf(parameters: readonly Parameter[], body: readonly string[]): string {
  return `def ${call(parameters)}:\n${body.map((line) => `    ${line}\n`).join("")}`;
}

const EMPTY: Readonly<Record<string, { test: string; args: readonly (readonly Value[])[] }>> = {
  xs: { test: "not xs", args: [[[]]] },
  s: { test: "not s", args: [[""]] },
  n: { test: "n == 0", args: [[0]] },
  "xs k": {
    test: "not xs",
    args: [
      [[], 1],
      [[], 2],
      [[], 5],
    ],
  },
};

/** What the function returns for the empty argument, first; nothing if that depends on another argument. */
function guardOf(family: Family, choices: Choices): string[] {
  const { test, args } = EMPTY[family.parameters.join(" ")]!;
  const answers = new Set(args.map((one) => pythonSource(family.run(choices, one))));
  return answers.size > 1 ? [] : [`if ${test}:`, `    return ${[...answers][0]}`];
}
