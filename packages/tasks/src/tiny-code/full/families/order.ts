// For the question in which order a model should write: families whose left end depends on what stands at the right (back), each with a twin that has
// the same programs and reads from left to right (ahead). Where the solution differs, it is the same lines in another order.
//
//              back                                              ahead
//   constants  a result with a number, then the working out of it      the working, then the result
//   helper     f, then the helpers that it uses                        the helpers, then f
//   hole       the code below a hole fixes the names in it             the names above the hole are given
import type { Random } from "@diffucoder/core";
import { floorModulo } from "../../floor-division.ts";
import { applyAll, type Choice, choice, type Choices, present, type Value } from "../choice.ts";
import type { Family, Pen, Written } from "../family.ts";
import { bodyOf, returnOf, subjectOf } from "../list-body.ts";
import { listSlots } from "./lists.ts";

type Direction = "back" | "ahead";

/** Without a name: programs that differ in it have the same skeleton. */
const numbers = (from: number, to: number): Choice[] =>
  Array.from({ length: to - from + 1 }, (_, i) => {
    const number = from + i;
    return {
      ...choice(
        "",
        undefined,
        [],
        () => String(number),
        () => number,
      ),
      key: String(number),
    };
  });
const named = (slot: readonly (Choice | undefined)[], names: readonly string[]): Choice[] => present(slot).filter(({ name }) => names.includes(name));
const lines = (text: readonly string[], indent = "    "): string => text.map((line) => `${indent}${line}\n`).join("");
const valueOf = (number: Choice | undefined): number => number!.apply(0, []) as number;

const [filters, maps, , aggregates] = listSlots;
const ends = [undefined, ...named(aggregates, ["sum", "maximum", "count"])];
const kept = [undefined, ...named(filters, ["even", "odd", "positive", "negative"])];

/** What is done with the number c: its words, its Python and its meaning. */
const uses = [
  {
    ...choice(
      "plus c",
      undefined,
      ["plus c", "increased by c"],
      (x) => `${x} + c`,
      () => 0,
    ),
    of: (x: number, c: number) => x + c,
  },
  {
    ...choice(
      "minus c",
      undefined,
      ["minus c", "decreased by c"],
      (x) => `${x} - c`,
      () => 0,
    ),
    of: (x: number, c: number) => x - c,
  },
  {
    ...choice(
      "times c",
      undefined,
      ["times c", "multiplied by c"],
      (x) => `${x} * c`,
      () => 0,
    ),
    of: (x: number, c: number) => x * c,
  },
  {
    ...choice(
      "modulo c",
      undefined,
      ["modulo c", "reduced modulo c"],
      (x) => `${x} % c`,
      () => 0,
    ),
    of: (x: number, c: number) => floorModulo(x, c),
  },
  {
    ...choice(
      "capped at c",
      undefined,
      ["capped at c", "limited to at most c"],
      (x) => `min(${x}, c)`,
      () => 0,
    ),
    of: (x: number, c: number) => Math.min(x, c),
  },
  {
    ...choice(
      "raised to c",
      undefined,
      ["raised to at least c", "with c as minimum"],
      (x) => `max(${x}, c)`,
      () => 0,
    ),
    of: (x: number, c: number) => Math.max(x, c),
  },
];

/** A way to work out a number: what a prompt says, and the steps. */
function working(c: number, random: Random): { said: string; steps: string[] } {
  const start = random.integer(2, 10);
  const factor = random.integer(2, 6);
  const product = start * factor;
  const rest = c - product;
  const last = rest < 0 ? `minus ${-rest}` : `plus ${rest}`;
  return {
    said: `${start} times ${factor}, ${last}`,
    steps: [`# ${start} * ${factor} = ${product}`, `# ${product} ${rest < 0 ? "-" : "+"} ${Math.abs(rest)} = ${c}`],
  };
}

function constants(direction: Direction): Family {
  return {
    name: `constants-${direction}`,
    parameters: ["xs"],
    slots: [kept, uses, numbers(2, 60), ends],
    tier: ([keep, , , end]) => 2 + present([keep, end]).length,
    run: ([keep, use, number, end], args) => {
      const elements = applyAll([keep], args[0]!, args) as readonly number[];
      const c = valueOf(number);
      return applyAll(
        [end],
        elements.map((x) => (use as (typeof uses)[number]).of(x, c) + 0),
        args,
      );
    },
    write: ([keep, use, number, end], { say, look, random }): Written => {
      const c = valueOf(number);
      const { said, steps } = working(c, random.split("working"));
      const fixed: Choice = { ...use!, python: (x) => use!.python(x).replace(/\bc\b/, String(c)) };
      const result = returnOf(bodyOf({ filter: keep, maps: [fixed], whole: [end], look }));
      const all = direction === "back" ? [...result, ...steps] : [...steps, ...result];
      return {
        subject: `${subjectOf({ filter: keep, changes: [use], aggregate: end }, { say })}, where c is ${said}`,
        note: direction === "back" ? " Write the working below the result." : " Write the working above the result.",
        code: { program: `def f(xs):\n${lines(all)}` },
      };
    },
    ...(direction === "ahead" && { twin: "constants-back" }),
  };
}

const firsts = named(maps, ["double", "square", "absolute", "multiply", "modulo"]);
const seconds = named(maps, ["add", "subtract", "cap", "floor"]);

function helper(direction: Direction): Family {
  return {
    name: `helper-${direction}`,
    parameters: ["xs"],
    slots: [kept, firsts, seconds, ends],
    tier: ([keep, , , end]) => 2 + present([keep, end]).length,
    run: (choices, args) => applyAll(choices, args[0]!, args),
    write: ([keep, first, second, end], { say, look, random }): Written => {
      const x = look.elementName;
      const change = random.split("helper").choice(["change", "step", "g"]);
      const wanted = random.split("keeper").choice(["keep", "wanted", "h"]);
      const call: Choice = { ...first!, python: (name) => `${change}(${name})` };
      const asked: Choice | undefined = keep && { ...keep, python: (name) => `${wanted}(${name})` };
      const main = `def f(xs):\n${lines(returnOf(bodyOf({ filter: asked, maps: [call], whole: [end], look })))}`;
      const helpers = [
        `def ${change}(${x}):\n${lines([`${x} = ${first!.python(x)}`, `return ${second!.python(x)}`])}`,
        ...(keep === undefined ? [] : [`def ${wanted}(${x}):\n${lines([`return ${keep.python(x)}`])}`]),
      ];
      return {
        subject: subjectOf({ filter: keep, changes: [first, second], aggregate: end }, { say }),
        note: direction === "back" ? " Define the helpers below f." : " Define the helpers above f.",
        code: { program: (direction === "back" ? [main, ...helpers] : [...helpers, main]).join("\n") },
      };
    },
    ...(direction === "ahead" && { twin: "helper-back" }),
  };
}

/** The elements times a, plus b. */
const linear = (choices: Choices, args: readonly Value[]): Value => {
  const [keep, a, b, end] = choices;
  const elements = applyAll([keep], args[0]!, args) as readonly number[];
  return applyAll(
    [end],
    elements.map((x) => x * valueOf(a) + valueOf(b) + 0),
    args,
  );
};

function hole(direction: Direction): Family {
  return {
    name: `hole-${direction}`,
    parameters: ["xs"],
    slots: [kept, numbers(2, 13), numbers(2, 20), ends],
    tier: ([keep, , , end]) => 2 + present([keep, end]).length,
    run: linear,
    write: ([keep, a, b, end], { say, look, random }: Pen): Written => {
      const factor = random.split("factor").choice(["a", "p", "m"]);
      const addend = random.split("addend").choice(["b", "q", "k"]);
      const given = [`${factor} = ${valueOf(a)}`, `${addend} = ${valueOf(b)}`];
      const change = choice(
        "linear",
        undefined,
        [`times ${valueOf(a)}, plus ${valueOf(b)}`],
        (x) => `${x} * ${factor} + ${addend}`,
        () => 0,
      );
      const result = returnOf(bodyOf({ filter: keep, maps: [change], whole: [end], look }));
      const shown = direction === "back" ? ["...", ...result] : [...given, "..."];
      return {
        subject: subjectOf({ filter: keep, changes: [change], aggregate: end }, { say: (one) => (one === change ? change.phrases[0]! : say(one)) }),
        note: ` Complete the code:\ndef f(xs):\n${lines(shown).trimEnd()}`,
        code: { program: `def f(xs):\n${lines([...given, ...result])}` },
      };
    },
    ...(direction === "ahead" && { twin: "hole-back" }),
  };
}

/** The six families; each `ahead` after its `back`. */
export const orderFamilies: readonly Family[] = [constants, helper, hole].flatMap((make) => [make("back"), make("ahead")]);
